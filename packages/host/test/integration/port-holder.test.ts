import { afterEach, describe, expect, test } from 'bun:test';
import { type Problem, toProblem } from '@cspace/protocol/problem';
import { createDnsService } from '../../src/daemon/dns-service.ts';
import { createSource, NETWORK } from '../../src/dns/testing.ts';
import { findPortHolder } from '../../src/system/port-holder.ts';
import { testUnless } from '../support/test-unless.ts';

const asRoot = testUnless(process.getuid?.() === 0 ? undefined : 'needs root: it changes its user');

const children: Bun.Subprocess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    await child.exited;
  }
});

/** A program that listens; its port is printed once it does. */
async function hold(protocol: 'udp' | 'tcp', address = '127.0.0.1', user?: number) {
  const script =
    protocol === 'udp'
      ? `const s = require('node:dgram').createSocket('${address.includes(':') ? 'udp6' : 'udp4'}');
         s.bind(0, '${address}', () => console.log(s.address().port))`
      : `const s = require('node:net').createServer();
         s.listen(0, '${address}', () => console.log(s.address().port))`;
  const as =
    user === undefined ? [] : ['setpriv', '--reuid', `${user}`, '--regid', `${user}`, '--clear-groups'];
  const child = Bun.spawn([...as, process.execPath, '-e', script], { stdout: 'pipe', timeout: 60_000 });
  children.push(child);
  const { value } = await child.stdout.getReader().read();
  return { pid: child.pid, port: Number(new TextDecoder().decode(value)) };
}

async function listen(port: number): Promise<Problem | undefined> {
  const service = createDnsService({ port, registry: createSource([]), network: NETWORK });
  try {
    await (await service.listen({ address: '127.0.0.1', audience: 'host' })).close();
    return undefined;
  } catch (error) {
    return toProblem(error);
  }
}

describe('findPortHolder', () => {
  for (const protocol of ['udp', 'tcp'] as const) {
    for (const address of ['127.0.0.1', '0.0.0.0', '::']) {
      test(`names the program and its pid: ${protocol} on ${address}`, async () => {
        const { pid, port } = await hold(protocol, address);
        const question = { protocol, address: '127.0.0.1', port };
        expect(await findPortHolder(question)).toMatchObject({
          process: { pid, program: expect.stringMatching(/^bun/) },
        });
      });
    }
  }

  test('nobody: on another address, by the other protocol, on a free port', async () => {
    const { port } = await hold('udp');
    expect(await findPortHolder({ protocol: 'udp', address: '192.168.64.1', port })).toBeUndefined();
    expect(await findPortHolder({ protocol: 'tcp', address: '127.0.0.1', port })).toBeUndefined();
    expect(await findPortHolder({ protocol: 'udp', address: '127.0.0.1', port: 1 })).toBeUndefined();
  });
});

describe('the DNS service', () => {
  for (const protocol of ['udp', 'tcp'] as const) {
    test(`fault-11: ${protocol} alone is taken: the problem names who has it, and the other is let go`, async () => {
      const { pid, port } = await hold(protocol);
      const problem = await listen(port);
      expect(problem).toMatchObject({ code: 'port-taken' });
      expect(problem?.message).toContain(`${protocol.toUpperCase()} port ${port} on 127.0.0.1`);
      expect(problem?.why).toMatch(new RegExp(`^bun.* \\(pid ${pid}\\) of user \\S+ has it$`));
      expect(problem?.fix).toContain('"ports": {"dns": N}');
      children[0]?.kill('SIGKILL');
      await children[0]?.exited;
      expect(await listen(port)).toBeUndefined();
    });
  }

  asRoot('fault-11: another user’s program is named, with the user', async () => {
    const { pid, port } = await hold('tcp', '0.0.0.0', 65_534);
    expect((await listen(port))?.why).toContain(`(pid ${pid}) of user nobody`);
  });
});
