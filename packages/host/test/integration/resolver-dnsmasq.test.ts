import { afterEach, expect } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { getPackagesObstacle } from '../support/private-host.ts';
import { ADDRESS, createResolverHost, type ResolverHost, UPSTREAM } from '../support/resolver-host.ts';
import { testUnless } from '../support/test-unless.ts';

const test = testUnless(process.getuid?.() === 0 ? getPackagesObstacle() : 'needs root');

const PACKAGES = resolve(import.meta.dir, '../../../../dist/test-packages/root');
const DROP_IN = 'dnsmasq.d/cspace.conf';
const NAMES = ['mercury.shop.cspace2.local', 'api.mercury.shop.cspace2.local', 'mercury.shop.cspace.test'];

let host: ResolverHost;
let before: string[];
afterEach(async () => {
  // Where the host could not be made there is none.
  await host?.run(['/etc/init.d/dnsmasq', 'stop']);
  await host?.dispose();
});

/** A host whose resolver is Debian's dnsmasq, run by its init script, with what people set against rebinding. */
async function makeHost(config = 'bogus-priv\nstop-dns-rebind\n') {
  host = await createResolverHost({
    run: true,
    setup: [
      `cp -a ${PACKAGES}/etc/dnsmasq.conf ${PACKAGES}/etc/dnsmasq.d ${PACKAGES}/etc/init.d ${PACKAGES}/etc/default /etc/`,
      `printf 'no-resolv\\nserver=${UPSTREAM.address}\\nbind-interfaces\\nlisten-address=127.0.0.1\\n${config.replaceAll('\n', '\\n')}' >/etc/dnsmasq.conf`,
      "printf 'nameserver 127.0.0.1\\noptions timeout:1 attempts:1\\n' >/etc/resolv.conf",
      "grep -q '^dnsmasq:' /etc/passwd || echo 'dnsmasq:x:990:65534::/var/lib/misc:/usr/sbin/nologin' >>/etc/passwd",
    ].join('\n'),
  });
  before = host.listEtc();
  const { code, stderr, stdout } = await host.run(['/etc/init.d/dnsmasq', 'start']);
  if (code !== 0) throw new Error(`dnsmasq: ${stdout}${stderr}`);
}

const getPid = () => host.run(['cat', '/run/dnsmasq/dnsmasq.pid']).then(({ stdout }) => stdout.trim());

test("dns install: a file for the host's dnsmasq, by which curl finds the sandbox; uninstall leaves /etc as it was", async () => {
  await makeHost();
  await host.startDaemon();
  await host.put({});
  expect(await host.lookUp(NAMES[0] ?? '')).toBe('');
  const installed = await host.json(['dns', 'install', '--yes']);
  expect(installed).toMatchObject({
    changed: true,
    form: 'dnsmasq',
    works: true,
    wildcards: true,
    trouble: null,
  });
  for (const name of NAMES) expect(await host.curl(name)).toBe(`hello from ${name}:3000`);
  expect(await host.lookUp(UPSTREAM.name)).toBe(UPSTREAM.answer);
  const reverse = await host.run(['getent', '-s', 'dns', 'hosts', ADDRESS]);
  expect(reverse.stdout).toContain('mercury.shop.cspace2.local');
  const asUser = ['setpriv', '--reuid=1501', '--regid=1501', '--clear-groups', '--', ...host.self];
  const seen = await host.run([...asUser, 'dns', 'status', '--json'], {
    env: { CSPACE_HOME: '/tmp/none', HOME: '/' },
  });
  expect(JSON.parse(seen.stdout)).toMatchObject({
    ours: false,
    home: host.home,
    detected: { form: 'dnsmasq' },
  });
  const pid = await getPid();
  expect(await host.json(['dns', 'install'])).toMatchObject({ changed: false });
  expect(await getPid()).toBe(pid);
  expect(await host.json(['dns', 'uninstall'])).toEqual({ changed: true });
  expect(host.listEtc()).toEqual(before);
  expect(await host.lookUp(NAMES[0] ?? '')).toBe('');
  expect(await host.lookUp(UPSTREAM.name)).toBe(UPSTREAM.answer);
});

test('other names resolve while the daemon is gone', async () => {
  await makeHost();
  await host.json(['dns', 'install', '--yes']);
  await host.endDns();
  expect(await host.lookUp(UPSTREAM.name)).toBe(UPSTREAM.answer);
  expect(await host.lookUp(NAMES[0] ?? '')).toBe('');
});

test('dns uninstall takes our file only, and leaves one that somebody else put in its place', async () => {
  await makeHost();
  await host.json(['dns', 'install', '--yes']);
  const [ours, theirs] = [join(host.etc, DROP_IN), join(host.etc, 'dnsmasq.d/theirs.conf')];
  writeFileSync(theirs, 'cache-size=100\n');
  expect(readFileSync(ours, 'utf8')).toContain('server=/64.168.192.in-addr.arpa/127.0.0.1#5354');
  expect(await host.json(['dns', 'uninstall'])).toEqual({ changed: true });
  expect([existsSync(ours), existsSync(theirs)]).toEqual([false, true]);
  await host.json(['dns', 'install', '--yes']);
  writeFileSync(ours, 'cache-size=200\n');
  expect((await host.cspace(['dns', 'status'])).stdout).toContain('is not as it was written');
  await host.json(['dns', 'uninstall']);
  expect(readFileSync(ours, 'utf8')).toBe('cache-size=200\n');
});

test('dns install that the dnsmasq does not survive is undone: names resolve as before', async () => {
  await makeHost();
  // Once our file is there it is started with an option that it does not know.
  writeFileSync(
    join(host.etc, 'default/dnsmasq'),
    `${readFileSync(join(host.etc, 'default/dnsmasq'), 'utf8')}\n[ ! -e /etc/${DROP_IN} ] || DNSMASQ_OPTS="--no-such-option"\n`,
  );
  before = host.listEtc();
  const { code, stderr } = await host.cspace(['dns', 'install', '--yes']);
  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('could not be restarted') });
  expect(host.listEtc()).toEqual(before);
  expect(await host.lookUp(UPSTREAM.name)).toBe(UPSTREAM.answer);
});

test('dns install --form hosts instead, and back: what the other form made is gone', async () => {
  await makeHost();
  await host.startDaemon();
  await host.put({});
  await host.json(['dns', 'install', '--yes']);
  expect(await host.json(['dns', 'install', '--yes', '--form', 'hosts'])).toMatchObject({
    form: 'hosts',
    works: true,
  });
  expect(existsSync(join(host.etc, DROP_IN))).toBe(false);
  // Without --form the one that is there stays.
  expect(await host.json(['dns', 'install', '--yes'])).toMatchObject({ changed: false, form: 'hosts' });
  await host.json(['dns', 'install', '--yes', '--form', 'dnsmasq']);
  expect(readFileSync(join(host.etc, 'hosts'), 'utf8')).toBe('127.0.0.1 localhost\n');
  await host.json(['dns', 'uninstall']);
  expect(host.listEtc()).toEqual(before);
});

test('dns install takes /etc/hosts where the dnsmasq reads no folder; --form dnsmasq says why not', async () => {
  await makeHost();
  const file = join(host.etc, 'default/dnsmasq');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^CONFIG_DIR=.*$/m, 'CONFIG_DIR='));
  await host.run(['/etc/init.d/dnsmasq', 'restart']);
  const { code, stderr } = await host.cspace(['dns', 'install', '--yes', '--form', 'dnsmasq']);
  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('it reads no folder') });
  expect(await host.json(['dns', 'install', '--yes'])).toMatchObject({ form: 'hosts' });
});
