import { afterEach, beforeEach, expect } from 'bun:test';
import { appendFileSync, chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getPackagesObstacle } from '../support/private-host.ts';
import {
  ADDRESS,
  createResolverHost,
  GATEWAY,
  type ResolverHost,
  UPSTREAM,
} from '../support/resolver-host.ts';
import { testUnless } from '../support/test-unless.ts';
import { waitUntil } from '../support/world.ts';

const reason = process.getuid?.() === 0 ? getPackagesObstacle() : 'needs root';
const test = testUnless(reason);

const NAMES = ['mercury.shop.cspace2.local', 'mercury.shop.cspace.test', 'mercury.cspace2.local'];

let host: ResolverHost;
let before: string[];

async function makeHost(setup?: string) {
  host = await createResolverHost(setup === undefined ? {} : { setup });
  before = host.listEtc();
}

beforeEach(() => {
  host = undefined as never;
});
afterEach(() => host?.dispose());

const readHosts = () => readFileSync(join(host.etc, 'hosts'), 'utf8');
const isResolved = async (name: string) => (await host.lookUp(name)) === ADDRESS;

test('dns install: a block in /etc/hosts, by which curl finds the sandbox; uninstall leaves /etc as it was', async () => {
  await makeHost();
  await host.startDaemon();
  await host.put({});
  const installed = await host.json(['dns', 'install', '--yes']);
  expect(installed).toMatchObject({
    changed: true,
    form: 'hosts',
    works: true,
    wildcards: false,
    trouble: null,
  });
  for (const name of NAMES) expect(await host.curl(name)).toBe(`hello from ${name}:3000`);
  expect(await host.lookUp(`api.${NAMES[0]}`)).toBe('');
  expect(await host.lookUp(UPSTREAM.name)).toBe(UPSTREAM.answer);
  expect(await host.json(['dns', 'install'])).toMatchObject({ changed: false, works: true });
  expect(await host.json(['dns', 'uninstall'])).toEqual({ changed: true });
  expect(host.listEtc()).toEqual(before);
  expect(await host.json(['dns', 'uninstall'])).toEqual({ changed: false });
});

test('trap-12: the block follows the registry, is empty once the daemon has left, and right again at its start', async () => {
  await makeHost();
  const daemon = await host.startDaemon();
  await host.json(['dns', 'install', '--yes']);
  expect(await isResolved(NAMES[0] ?? '')).toBe(false);
  await host.put({});
  await waitUntil('the name resolves', () => isResolved(NAMES[0] ?? ''));
  await host.put({ state: 'stopped' });
  await waitUntil('it resolves no more', async () => !(await isResolved(NAMES[0] ?? '')));
  await host.put({});
  await waitUntil('it resolves again', () => isResolved(NAMES[0] ?? ''));
  daemon.kill('SIGTERM');
  await daemon.exited;
  expect(readHosts()).toContain('# BEGIN cspace');
  expect(readHosts()).not.toContain('cspace2.local');
  await host.startDaemon();
  expect(await isResolved(NAMES[0] ?? '')).toBe(true);
});

test('dns uninstall after the daemon was killed, with lines of others, keeps those', async () => {
  await makeHost();
  const daemon = await host.startDaemon();
  await host.put({});
  await host.json(['dns', 'install', '--yes']);
  daemon.kill('SIGKILL');
  await daemon.exited;
  expect(await host.json(['dns', 'status'])).toMatchObject({ installed: true, works: null });
  appendFileSync(join(host.etc, 'hosts'), '10.0.0.1 printer\n');
  writeFileSync(join(host.etc, 'hosts'), `10.0.0.2 router\n${readHosts()}`);
  expect(await host.json(['dns', 'uninstall'])).toEqual({ changed: true });
  expect(readHosts()).toBe('10.0.0.2 router\n127.0.0.1 localhost\n10.0.0.1 printer\n');
});

test('an uninstall while records change by the dozen leaves nothing behind', async () => {
  await makeHost();
  await host.startDaemon();
  await host.json(['dns', 'install', '--yes']);
  let done = false;
  const changing = (async () => {
    for (let n = 0; !done; n += 1) await host.put({ state: n % 2 === 0 ? 'running' : 'stopped' });
  })();
  await waitUntil('the name is there', () => readHosts().includes(NAMES[0] ?? ''));
  expect(await host.json(['dns', 'uninstall'])).toEqual({ changed: true });
  await Bun.sleep(300);
  done = true;
  await changing;
  expect(host.listEtc()).toEqual(before);
});

const ODD: [string, string][] = [
  [
    'is a mount of its own, as in containers',
    'cp /etc/hosts /etc/hosts.mount && mount --bind /etc/hosts.mount /etc/hosts',
  ],
  ['is a symbolic link', 'mv /etc/hosts /etc/hosts.real && ln -s hosts.real /etc/hosts'],
  ['has a mode and an owner of its own', 'chown 1501:1502 /etc/hosts && chmod 640 /etc/hosts'],
  ['does not end with a line feed', "printf '127.0.0.1 localhost' >/etc/hosts"],
];
for (const [what, setup] of ODD) {
  test(`dns install where /etc/hosts ${what}`, async () => {
    await makeHost(setup);
    await host.startDaemon();
    await host.put({});
    expect(await host.json(['dns', 'install', '--yes'])).toMatchObject({ works: true });
    expect(await host.json(['dns', 'uninstall'])).toEqual({ changed: true });
    expect(host.listEtc()).toEqual(before);
  });
}

test('dns install where /etc/hosts cannot be written says why and leaves nothing', async () => {
  await makeHost('mount --bind -o ro /etc/hosts /etc/hosts && mount -o remount,bind,ro /etc/hosts');
  const { code, stderr } = await host.cspace(['dns', 'install', '--yes']);
  expect({ code, stderr }).toEqual({
    code: 3,
    stderr: expect.stringContaining('could not write /etc/hosts'),
  });
  expect(host.listEtc()).toEqual(before);
});

test('dns install of a second home: exit 5 with the name of the first', async () => {
  await makeHost();
  const other = host.makeHome('other');
  await host.json(['dns', 'install', '--yes']);
  for (const args of [
    ['dns', 'install', '--yes'],
    ['dns', 'uninstall'],
  ]) {
    const { code, stderr } = await host.cspace(args, other);
    expect({ code, stderr }).toEqual({ code: 5, stderr: expect.stringContaining(host.home) });
  }
  expect(await host.json(['dns', 'status'], other)).toMatchObject({
    installed: true,
    ours: false,
    home: host.home,
  });
  // The second one's daemon writes nothing there either.
  const daemon = await host.startDaemon(other);
  daemon.kill('SIGTERM');
  await daemon.exited;
  expect(readHosts()).toContain(`${GATEWAY} cspace2.local`);
});

test('dns status names what is wrong: the block gone, files not asked', async () => {
  await makeHost();
  await host.startDaemon();
  await host.put({});
  await host.json(['dns', 'install', '--yes']);
  await host.run(['sed', '-i', 's/^hosts:.*/hosts: dns/', '/etc/nsswitch.conf']);
  const unread = await host.cspace(['dns', 'status']);
  expect(unread.stdout).toContain('does not ask files, so nobody reads');
  writeFileSync(join(host.etc, 'hosts'), '127.0.0.1 localhost\n');
  const gone = await host.cspace(['dns', 'status']);
  expect(gone.stdout).toContain('the block is gone from /etc/hosts\n  fix: cspace dns install');
  await host.run(['sed', '-i', 's/^hosts:.*/hosts: files dns/', '/etc/nsswitch.conf']);
  expect(await host.json(['dns', 'install', '--yes'])).toMatchObject({ changed: true, works: true });
});

test('dns install without a terminal and without --yes: exit 3, what it would do, and the line to run', async () => {
  await makeHost();
  const { code, stderr } = await host.cspace(['dns', 'install']);
  expect(code).toBe(3);
  expect(stderr).toContain('a marked block in /etc/hosts');
  expect(stderr).toContain('fix: cspace dns install --yes');
  expect(host.listEtc()).toEqual(before);
});

test('dns install as a plain user without sudo: exit 3 with the line for root', async () => {
  await makeHost();
  chmodSync(host.home, 0o755);
  const asUser = ['/usr/bin/nsenter', ...host.namespaces, '--setuid=1501', '--setgid=1501', '--'];
  const child = Bun.spawn(
    [...asUser, process.execPath, join(import.meta.dir, '../../src/main.ts'), 'dns', 'install', '--yes'],
    {
      env: { PATH: '/nowhere', CSPACE_HOME: host.home, HOME: '/' },
      stdout: 'pipe',
      stderr: 'pipe',
      timeout: 30_000,
    },
  );
  const stderr = await new Response(child.stderr).text();
  expect({ code: await child.exited, stderr }).toEqual({
    code: 3,
    stderr: expect.stringMatching(/fix: sudo .* dns install --yes --home \S+\n/),
  });
  expect(host.listEtc()).toEqual(before);
});

testUnless(reason ?? (Bun.which('sudo') === null ? 'sudo is not installed' : undefined))(
  'dns install and uninstall of a plain user, through sudo',
  async () => {
    await makeHost(
      [
        "echo 'ada:x:1501:1501::/:/bin/sh' >>/etc/passwd",
        "echo 'ada:*:19000:0:99999:7:::' >>/etc/shadow",
        "echo 'ada ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ada",
      ].join('\n'),
    );
    chownSync(host.home, 1501, 1501);
    const asAda = async (...args: string[]) => {
      const argv = ['setpriv', '--reuid=1501', '--regid=1501', '--clear-groups', '--', ...host.self, ...args];
      const { code, stdout, stderr } = await host.run(argv, { env: { CSPACE_HOME: host.home, HOME: '/' } });
      return { code, stderr, output: JSON.parse(stdout) };
    };
    const installed = await asAda('dns', 'install', '--yes', '--json');
    expect(installed).toMatchObject({
      code: 0,
      stderr: '',
      output: { changed: true, ours: true, form: 'hosts' },
    });
    expect(readHosts()).toContain(`# Kept by cspace for ${host.home} (user 1501)`);
    expect(await asAda('dns', 'uninstall', '--json')).toMatchObject({ code: 0, output: { changed: true } });
    expect(host.listEtc()).toEqual(before);
  },
);
