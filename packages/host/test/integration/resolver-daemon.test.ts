import { afterEach, beforeEach, expect } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createHostNetwork } from '../../src/daemon/host-network.ts';
import type { ResolverRecord } from '../../src/resolver/record.ts';
import { getRoutingArgvs } from '../../src/resolver/resolved.ts';
import { getHomeLabel } from '../../src/substrate/labels.ts';
import { createPrivateHost, type PrivateHost } from '../support/private-host.ts';
import { testUnless } from '../support/test-unless.ts';
import { createWorld, getDaemonPid, isAlive, type World, waitUntil } from '../support/world.ts';

const reason =
  process.getuid?.() !== 0
    ? 'needs root'
    : process.env.CSPACE_LAB === undefined
      ? 'makes an interface: run it by scripts/lab'
      : undefined;
const test = testUnless(reason);

const MAIN = resolve(import.meta.dir, '../../src/main.ts');
const CONFIG = { bridge: 'cstest1', subnet: '10.211.6.0/24', ports: { http: 6380, dns: 5454 } };

/** In the folder that the daemon's PATH begins with: writes down what it is asked, a line each, and knows nothing. */
const RESOLVECTL = '#!/bin/sh\necho "resolvectl $*" >>/etc/resolvectl.log\n';
const SETUP = [
  "sed -i 's/^nameserver.*/nameserver 192.0.2.1/' /etc/resolv.conf",
  'mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin',
  `cat >/usr/local/sbin/resolvectl <<'END'\n${RESOLVECTL}END`,
  'chmod 755 /usr/local/sbin/resolvectl',
].join('\n');

let host: PrivateHost;
let world: World;
beforeEach(async () => {
  if (reason !== undefined) return;
  // Podman is asked by this daemon, so /run is the machine's.
  host = await createPrivateHost({ setup: SETUP });
  world = createWorld({
    config: CONFIG,
    command: [...host.enter, process.execPath, MAIN],
    env: { CSPACE_TEST_IMAGE: 'localhost/cspace-no-such-image:1' },
  });
});
afterEach(async () => {
  if (reason !== undefined) return;
  await world.dispose();
  await host.dispose();
});

const readHosts = () => readFileSync(join(host.etc, 'hosts'), 'utf8');
const isFilled = () => /^10\.211\.6\.1 cspace2\.local/m.test(readHosts());

async function waitForExit(pid: number | undefined) {
  await waitUntil('the daemon has left', () => pid === undefined || !isAlive(pid));
}

test('daemon: fills the block at its start and at an install, empties it when it leaves', async () => {
  const before = host.listEtc();
  await world.cspace(['ls']);
  const { code, stderr } = await world.cspace(['dns', 'install', '--yes', '--form', 'hosts']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(isFilled()).toBe(true);
  const pid = getDaemonPid(world.home);
  await world.cspace(['daemon', 'stop']);
  await waitForExit(pid);
  expect(readHosts()).toContain('# BEGIN cspace');
  expect(isFilled()).toBe(false);
  await world.cspace(['ls']);
  expect(isFilled()).toBe(true);
  expect(JSON.parse((await world.cspace(['dns', 'status', '--json'])).stdout)).toMatchObject({ works: true });
  await world.cspace(['dns', 'uninstall']);
  expect(host.listEtc()).toEqual(before);
});

test('daemon: gives systemd-resolved its routing domains once the network is made, which an `up` does', async () => {
  const record: ResolverRecord = {
    v: 1,
    form: 'resolved',
    home: world.home,
    homeLabel: getHomeLabel(realpathSync(world.home)),
    uid: 0,
    port: CONFIG.ports.dns,
    bridge: CONFIG.bridge,
    subnet: CONFIG.subnet,
  };
  mkdirSync(join(host.etc, 'cspace'));
  writeFileSync(join(host.etc, 'cspace/resolver.json'), JSON.stringify(record));
  const log = join(host.etc, 'resolvectl.log');
  await world.cspace(['ls']);
  // It has no interface to set them on.
  expect(existsSync(log)).toBe(false);
  // There is no such image, and no machine comes of it.
  expect((await world.cspace(['up', 'mercury'])).code).not.toBe(0);
  expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual(
    getRoutingArgvs(record).map((argv) => argv.join(' ')),
  );
});

test('createHostNetwork tells when it has made the network, and when it made it again', async () => {
  let made = 0;
  const network = createHostNetwork({
    config: { ...CONFIG } as Parameters<typeof createHostNetwork>[0]['config'],
    home: world.home,
    members: [],
    owner: { uid: 0, gid: 0 },
  });
  network.onMade(async () => {
    made += 1;
  });
  try {
    await network.ensure();
    const first = made;
    expect(first).toBe(1);
    Bun.spawnSync(['ip', 'link', 'del', CONFIG.bridge]);
    await network.ensure();
    expect(made).toBe(first + 1);
    // A port that is taken at that moment: told all the same, once it is free.
    let isTaken = true;
    network.serve([
      {
        name: 'late',
        listen: async () => {
          if (isTaken) throw new Error('taken');
          return { close: async () => {} };
        },
      },
    ]);
    Bun.spawnSync(['ip', 'link', 'del', CONFIG.bridge]);
    expect(network.ensure()).rejects.toThrow('taken');
    await network.ensure().catch(() => undefined);
    expect(made).toBe(first + 1);
    isTaken = false;
    await network.ensure();
    expect(made).toBe(first + 2);
  } finally {
    await network.remove(AbortSignal.timeout(20_000));
  }
});
