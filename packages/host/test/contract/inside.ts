import { expect } from 'bun:test';
import type { MachineSpec } from '../../src/substrate/substrate.ts';
import { BOOT, type Contract } from './contract.ts';

/** Commands in a machine, and what it sees of its world. */
export function describeInside({ test, h }: Contract): void {
  test('execCommand: exit codes, and the streams apart', async () => {
    await h().boot('mercury', BOOT.polite);
    const result = await h().exec('mercury', ['sh', '-c', 'echo out; echo err >&2; exit 42']);
    expect(result).toEqual({ code: 42, stdout: 'out\n', stderr: 'err\n' });
    expect((await h().exec('mercury', ['sh', '-c', 'kill -9 $$'])).code).toBe(137);
  });

  test('execCommand: user, folder, environment, and arguments as they are', async () => {
    await h().boot('mercury', BOOT.polite);
    const shown = await h().exec(
      'mercury',
      ['sh', '-c', 'id -u; pwd; echo "$WORD|$1|$HOME"', 'sh', `a b  '"$x`],
      { user: 'dev', cwd: '/tmp', env: { WORD: 'two words' } },
    );
    expect(shown.stdout).toBe(`1000\n/tmp\ntwo words|a b  '"$x|/home/dev\n`);
    expect((await h().exec('mercury', ['id', '-u'])).stdout).toBe('0\n');
  });

  test('execCommand: input reaches the command and its end, every byte', async () => {
    await h().boot('mercury', BOOT.polite);
    const input = 'a line\n'.repeat(50_000);
    const result = await h().exec('mercury', ['sh', '-c', 'wc -c; exit 5'], { input });
    expect([result.stdout.trim(), result.code]).toEqual([String(input.length), 5]);
  });

  test('execCommand: a terminal where it is asked for', async () => {
    await h().boot('mercury', BOOT.polite);
    expect((await h().exec('mercury', ['test', '-t', '0'])).code).toBe(1);
    expect(await h().execOnTerminal('mercury', ['sh', '-c', 'test -t 0 && test -t 1 && exit 9'])).toBe(9);
  });

  test('host name is the sandbox’s', async () => {
    await h().boot('mercury', BOOT.polite);
    expect((await h().exec('mercury', ['uname', '-n'])).stdout).toBe(
      h().substrate.capabilities.setsHostname ? 'mercury\n' : 'cspace-contract--mercury\n',
    );
  });

  test('sysctls are what was given, and not for the guest to change where it has no kernel of its own', async () => {
    const name = 'net.ipv4.conf.all.route_localnet';
    const file = `/proc/sys/${name.replaceAll('.', '/')}`;
    await h().boot({ ...h().spec('given', BOOT.polite), sysctls: { [name]: '1' } });
    await h().boot('plain', BOOT.polite);
    expect((await h().exec('given', ['sh', '-c', `echo 0 >${file}; cat ${file}`])).stdout).toBe(
      h().substrate.capabilities.fixedSysctls ? '1\n' : '0\n',
    );
    expect((await h().exec('plain', ['cat', file])).stdout).toBe('0\n');
  });

  test('environment of the machine is what was given', async () => {
    const spec: MachineSpec = {
      ...h().spec('mercury', 'env >/workspace/env; sleep 1000'),
      env: { GIVEN: 'a=b c' },
    };
    await h().boot(spec);
    await h().waitFor('env', () => h().read('mercury', 'env').includes('GIVEN'));
    expect(h().read('mercury', 'env').split('\n')).toContain('GIVEN=a=b c');
    expect(h().read('mercury', 'env')).not.toContain('CSPACE_LAB');
  });
}
