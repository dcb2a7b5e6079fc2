import { afterEach, expect } from 'bun:test';
import { resolve } from 'node:path';
import { getPackagesObstacle } from '../support/private-host.ts';
import { ADDRESS, createResolverHost, type ResolverHost, UPSTREAM } from '../support/resolver-host.ts';
import { testUnless } from '../support/test-unless.ts';
import { waitUntil } from '../support/world.ts';

const test = testUnless(process.getuid?.() === 0 ? getPackagesObstacle() : 'needs root');

const PACKAGES = resolve(import.meta.dir, '../../../../dist/test-packages/root');
const NAMES = ['mercury.shop.cspace2.local', 'api.mercury.shop.cspace2.local', 'mercury.shop.cspace.test'];

let host: ResolverHost;
let before: string[];
afterEach(() => host?.dispose());

/** A host whose programs ask systemd-resolved: by its nss module, or by its stub in resolv.conf. */
async function makeHost(hosts: string) {
  host = await createResolverHost({
    run: true,
    setup: [
      'mkdir -p /run/dbus /run/systemd/resolve /etc/systemd',
      "echo 'systemd-resolve:x:991:991::/:/usr/sbin/nologin' >>/etc/passwd",
      "echo 'systemd-resolve:x:991:' >>/etc/group",
      'chown systemd-resolve:systemd-resolve /run/systemd/resolve',
      `cp -a ${PACKAGES}/etc/systemd/resolved.conf /etc/systemd/`,
      `printf '[Resolve]\\nDNS=${UPSTREAM.address}\\nFallbackDNS=\\n' >/etc/systemd/resolved.conf`,
      `sed -i 's/^hosts:.*/hosts: ${hosts}/' /etc/nsswitch.conf`,
    ].join('\n'),
  });
  await host.run(['ln', '-sf', '../run/systemd/resolve/stub-resolv.conf', '/etc/resolv.conf']);
  before = host.listEtc();
  host.start(['dbus-daemon', '--system', '--nofork', '--nopidfile']);
  const isUp = async (argv: string[]) => (await host.run(argv)).code === 0;
  await waitUntil('the bus is there', () => isUp(['test', '-S', '/run/dbus/system_bus_socket']));
  host.start(['/usr/lib/systemd/systemd-resolved']);
  await waitUntil('systemd-resolved answers', async () =>
    (await host.run(['resolvectl', '--no-pager', 'status'])).stdout.includes(UPSTREAM.address),
  );
}

const getDomains = async () => (await host.run(['resolvectl', '--no-pager', 'domain', 'cspace0'])).stdout;

async function expectNames() {
  for (const name of NAMES) expect(await host.curl(name)).toBe(`hello from ${name}:3000`);
  expect(await host.lookUp(UPSTREAM.name)).toBe(UPSTREAM.answer);
}

for (const [what, hosts] of [
  ['the nss module', 'files resolve [!UNAVAIL=return] dns'],
  ['the stub', 'files dns'],
  ['the stub, behind multicast DNS', 'files mdns4_minimal [NOTFOUND=return] dns'],
] as const) {
  test(`dns install where programs ask systemd-resolved by ${what}: curl finds the sandbox; uninstall undoes it`, async () => {
    await makeHost(hosts);
    await host.startDaemon();
    await host.put({});
    const installed = await host.json(['dns', 'install', '--yes']);
    expect(installed).toMatchObject({
      changed: true,
      form: 'resolved',
      works: true,
      wildcards: true,
      trouble: null,
    });
    await expectNames();
    const reverse = await host.run(['resolvectl', '--no-pager', 'query', ADDRESS]);
    expect(reverse.stdout).toContain('mercury.shop.cspace2.local');
    expect(await host.json(['dns', 'install'])).toMatchObject({ changed: false });
    expect(await host.json(['dns', 'uninstall'])).toEqual({ changed: true });
    expect(host.listEtc()).toEqual(before);
    expect(await getDomains()).not.toContain('~');
    expect(await host.lookUp(UPSTREAM.name)).toBe(UPSTREAM.answer);
  });
}

test('trap-15: the routing domains are set again when the interface is made anew; without it nothing is left', async () => {
  await makeHost('files resolve [!UNAVAIL=return] dns');
  await host.startDaemon();
  await host.put({});
  await host.json(['dns', 'install', '--yes']);
  await host.run(['ip', 'link', 'del', 'cspace0']);
  expect(await host.lookUp(NAMES[0] ?? '')).toBe('');
  expect(await host.lookUp(UPSTREAM.name)).toBe(UPSTREAM.answer);
  await host.run(['sh', '-c', host.makeLink]);
  expect(await host.json(['dns', 'status'])).toMatchObject({
    works: false,
    trouble: { why: 'systemd-resolved has no routing domains on cspace0' },
  });
  // What the daemon does when it has made the interface.
  await fetch('http://cspace/resolver', { unix: `${host.home}/daemon.sock`, method: 'POST' });
  await expectNames();
  await host.run(['ip', 'link', 'del', 'cspace0']);
  expect(await host.json(['dns', 'uninstall'])).toEqual({ changed: true });
  expect(host.listEtc()).toEqual(before);
});

test('other names resolve while the daemon is gone, killed', async () => {
  await makeHost('files resolve [!UNAVAIL=return] dns');
  const daemon = await host.startDaemon();
  await host.json(['dns', 'install', '--yes']);
  daemon.kill('SIGKILL');
  await daemon.exited;
  await host.endDns();
  expect(await host.lookUp(UPSTREAM.name)).toBe(UPSTREAM.answer);
  expect(await host.lookUp(NAMES[0] ?? '')).toBe('');
  expect(await host.json(['dns', 'uninstall'])).toEqual({ changed: true });
  expect(await getDomains()).not.toContain('~');
});
