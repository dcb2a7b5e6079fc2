import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { createSupervisorClient } from './supervisor-client.ts';

test('createSupervisorClient: a proxy of the daemon’s environment does not get the token', async () => {
  const seen: string[] = [];
  await using proxy = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      seen.push(request.url);
      return new Response('', { status: 502 });
    },
  });
  const client = join(import.meta.dir, 'supervisor-client.ts');
  // Nobody listens there: what matters is whom it asks.
  const script = `const { createSupervisorClient } = await import(${JSON.stringify(client)});
    await createSupervisorClient({ address: '127.0.0.77', token: 'x' }).getHealth().catch((error) => console.log(error.problem.code));`;
  const at = `http://127.0.0.1:${proxy.port}`;
  const child = Bun.spawn([process.execPath, '-e', script], {
    env: { http_proxy: at, HTTP_PROXY: at },
    stdout: 'pipe',
    timeout: 20_000,
  });
  expect(await new Response(child.stdout).text()).toBe('supervisor-unreachable\n');
  expect(seen).toEqual([]);
});

test.each(['session', 'turn'])('createSupervisorClient: a %s that is no id is no answer', async (field) => {
  const health = { ok: true, version: '1', protocol: 1, state: 'idle', session: null, turn: null, queued: 0 };
  const answer = { ...health, [field]: '\u001b]52;c;AAAA\u0007' };
  const client = createSupervisorClient({ address: '127.0.0.1', token: 'x' }, (async () =>
    Response.json(answer)) as unknown as typeof fetch);
  expect(client.getHealth()).rejects.toThrow('does not answer');
});
