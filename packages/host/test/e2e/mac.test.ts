import { afterAll, beforeAll, expect } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installStandIn, type StandIn } from '../apple/install.ts';
import { createPretendedHost, type PretendedHost } from '../support/mac/pretended-host.ts';
import { RESOLVER } from '../support/mac/resolver.ts';
import { SECURITY } from '../support/mac/security.ts';
import { testUnless } from '../support/test-unless.ts';

/** A whole host that takes itself for a Mac, with the stand-in of Apple's `container`: nobody but that is root in it. */
const reason =
  process.getuid?.() !== 0
    ? 'needs root'
    : ['sudo', 'dig'].find((program) => Bun.which(program) === null)?.concat(' is not installed');
const test = testUnless(reason);
/** The one of this checkout: images are podman's, here and there. */
const IMAGE = 'localhost/cspace:latest';

let folder: string;
let container: StandIn;
let host: PretendedHost;
let repo: string;

beforeAll(async () => {
  if (reason !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), 'cspace-container-'));
  container = installStandIn({ folder, version: '1.2.2' });
  host = await createPretendedHost({
    sw_vers: 'echo 26.1',
    uname: 'echo 25.1.0',
    sysctl: '[ "$*" = "-n sysctl.proc_translated" ] && { echo 0; exit; }; exec /usr/sbin/sysctl "$@"',
    security: SECURITY,
    ...RESOLVER,
    // Podman needs root, which Apple's does not.
    container: `exec sudo -n '${join(container.bin, 'container')}' "$@"`,
  });
  repo = join(host.home, 'shop');
  const script = [
    'git init -q -b main "$1" && cd "$1" && git config user.name Ada && git config user.email ada@example.org',
    `echo one >a && git add a && git commit -qm one && chown -R ${host.uid}:${host.uid} "$1"`,
  ].join('\n');
  await host.run(['sh', '-ec', script, 'sh', repo], { env: { HOME: host.home } });
});
afterAll(async () => {
  if (host) {
    await cspace('rm', 'mercury', '--force');
    await cspace('daemon', 'stop');
    await cspace('dns', 'uninstall');
    await host.dispose();
  }
  await container?.dispose();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const call = (args: string[], input = '') =>
  host.cspace(args, { cwd: repo, input, env: { CSPACE_TEST_IMAGE: IMAGE } });
const cspace = (...args: string[]) => call(args);
const status = async () => JSON.parse((await cspace('status', 'mercury', '--json')).stdout);
const lookUp = async () => {
  const { stdout } = await host.run(
    ['dscacheutil', '-q', 'host', '-a', 'name', 'mercury.shop.cspace2.local'],
    {
      env: { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin' },
    },
  );
  return /^ip_address: (.*)$/m.exec(stdout)?.[1];
};

test('up on a Mac, by a plain user: the agent runs, with the credential of the keychain', async () => {
  expect(await call(['secrets', 'set', 'GH_TOKEN'], 'tok-CANARY')).toMatchObject({ code: 0, stderr: '' });
  const up = await cspace(
    'up',
    'mercury',
    '-m',
    'run: echo length $(printf %s "$GH_TOKEN" | wc -c); cat /workspace/a',
  );
  expect(up).toMatchObject({ code: 0, stdout: expect.stringContaining('length 10\none') });
  expect(host.mac.calls().join('\n')).not.toContain('CANARY');
}, 120_000);

test('dns install on a Mac: the host knows the sandbox by name, also after it came back at another address', async () => {
  expect(await cspace('dns', 'install', '--yes')).toMatchObject({ code: 0 });
  const before = (await status()).address;
  expect(await lookUp()).toBe(before);
  expect(await cspace('down', 'mercury')).toMatchObject({ code: 0 });
  expect(await lookUp()).toBeUndefined();
  expect(await cspace('up', 'mercury')).toMatchObject({ code: 0 });
  const after = (await status()).address;
  expect(after).not.toBe(before);
  expect(await lookUp()).toBe(after);
}, 120_000);

test('doctor on a Mac: all is there, and the sandbox is reached', async () => {
  const { code, stdout } = await cspace('doctor', '--json');
  expect(code).toBe(0);
  const { substrate, findings } = JSON.parse(stdout);
  expect(substrate).toBe('apple');
  expect(findings.filter(({ ok }: { ok: boolean }) => !ok)).toEqual([]);
  expect(findings).toContainEqual({
    ok: true,
    what: `the network of sandboxes (${(await status()).address})`,
  });
});

test('rm on a Mac: nothing is left, nothing in the home was ever another user’s, and the log has no error', async () => {
  expect(await cspace('rm', 'mercury', '--force')).toMatchObject({ code: 0 });
  const home = join(host.home, '.cspace');
  expect((await host.run(['find', home, '!', '-user', String(host.uid)])).stdout).toBe('');
  expect((await container.container(['ls', '--all', '-q'])).stdout).toBe('');
  const log = readFileSync(join(home, 'daemon.log'), 'utf8').split('\n');
  expect(log.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
