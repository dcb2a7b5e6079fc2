import { afterEach, beforeEach, describe, expect } from 'bun:test';
import { closeSync } from 'node:fs';
import { toProblem } from '@cspace/protocol/problem';
import { attachMachine } from '../../src/network/attach.ts';
import { openTap } from '../../src/system/tap.ts';
import {
  connect,
  GATEWAY,
  getLabReason,
  makeNetworkLab,
  type NetworkLab,
  SUBNET,
  sh,
  signal,
} from '../support/network-lab.ts';
import { testUnless } from '../support/test-unless.ts';

const reason = getLabReason();
const test = testUnless(reason);
const MERCURY = { address: '10.211.5.2', project: 'shop', sandbox: 'mercury', network: 'nat' as const };
const [LINK, UID] = ['cs0ad30502', 296_700];

let lab: NetworkLab;
beforeEach(() => {
  if (reason === undefined) lab = makeNetworkLab('tap');
});
afterEach(async () => await lab?.dispose());

const attach = (uid = UID) => lab.network.attach({ plug: { kind: 'tap', uid }, ...MERCURY }, signal());
const show = () => sh(`ip -details -oneline link show ${LINK}`).out;
const links = () => sh('ip -br link').out.match(/^cs0ad305\S+/gm) ?? [];

function holdTap<T>(work: (fd: number) => T): T {
  const fd = openTap(LINK);
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}

describe('attach: a tap', () => {
  beforeEach(async () => await lab?.network.ensure());

  test('is the machine’s user’s, and a cable like any other', async () => {
    expect(await attach()).toEqual({
      link: LINK,
      address: MERCURY.address,
      mac: '02:c5:0a:d3:05:02',
      gateway: GATEWAY,
      gatewayMac: '02:c5:0a:d3:05:01',
    });
    for (const part of [
      /NOARP,UP/,
      / group 11350096 /,
      /link\/ether 02:c5:0a:d3:05:01 /,
      /tun type tap .*persist on user 296700/,
      /addrgenmode none/,
      /alias cspace:[0-9a-f]{12}/,
    ])
      expect(show()).toMatch(part);
    expect(show()).not.toContain('multi_queue');
    expect(sh(`ip neigh show dev ${LINK}`).out).toContain(`${MERCURY.address} lladdr 02:c5:0a:d3:05:02 PERM`);
    expect(sh('ip route').out).toContain(`${MERCURY.address} dev ${LINK} scope link src ${GATEWAY}`);
  });

  for (const [what, before] of [
    ['a former machine’s tap', `ip tuntap add dev ${LINK} mode tap user 296699`],
    ['a former machine’s cable of another kind', `ip link add ${LINK} type veth peer name far0`],
  ] as const)
    test(`takes the place of ${what}`, async () => {
      expect(sh(before).code).toBe(0);
      await attach();
      expect(show()).toContain('user 296700');
      expect(sh('ip link show far0').code).not.toBe(0);
    });

  test('takes the place of one that somebody has open', async () => {
    await attach();
    const held = openTap(LINK);
    await attach(296_701);
    expect(show()).toContain('user 296701');
    expect(show()).toContain('NO-CARRIER');
    closeSync(held);
    holdTap(() => expect(show()).not.toContain('NO-CARRIER'));
  });

  test('that cannot be made one of the network is not there afterwards', async () => {
    sh('ip link del cstest0');
    const failed = attachMachine(
      {
        subnet: SUBNET,
        homeLabel: '0123456789ab',
        plug: { kind: 'tap', uid: UID },
        address: MERCURY.address,
      },
      signal(),
    );
    const problem = toProblem(await failed.catch((error: unknown) => error));
    expect(problem.code).toBe('network-unavailable');
    expect(problem.message).toBe(`could not attach ${MERCURY.address} to the network`);
    expect(links()).toEqual([]);
  });
});

describe('tidyCables', () => {
  test('leaves the tap of a sandbox that has nobody at its end; takes away that of one that is gone', async () => {
    await lab.network.ensure();
    await attach();
    await lab.restart([MERCURY]).ensure();
    expect(show()).toContain('NO-CARRIER');
    expect(links()).toContain(LINK);
    await lab.restart([]).ensure();
    expect(links()).not.toContain(LINK);
  });

  test('mends a tap that is down and in no group, and whoever is at its end goes on', async () => {
    const machine = await lab.join(MERCURY.address, { sandbox: 'mercury' });
    await lab.listen(machine, [3000]);
    sh(`ip link set ${LINK} down group 0 arp on; ip neigh flush dev ${LINK} nud permanent`);
    await lab.restart([MERCURY]).ensure();
    expect(connect(undefined, MERCURY.address, 3000)).toBe(GATEWAY);
    expect(show()).toContain('group 11350096');
  });
});

test('detach: takes a tap away, open or not, and is content where there is none', async () => {
  await lab.network.ensure();
  for (const open of [false, true]) {
    await attach();
    const held = open ? openTap(LINK) : undefined;
    await lab.network.detach(MERCURY, signal());
    expect(links()).not.toContain(LINK);
    if (held !== undefined) closeSync(held);
    await lab.network.detach(MERCURY, signal());
  }
});

describe('openTap', () => {
  test('is for one at a time', async () => {
    await lab.network.ensure();
    await attach();
    holdTap(() => expect(() => openTap(LINK)).toThrow(`could not open the tap ${LINK}`));
    holdTap(() => undefined);
  });

  test('reaches the child that is handed it, and no other', async () => {
    await lab.network.ensure();
    await attach();
    const list = (handed: number[]) =>
      Bun.spawnSync(['sh', '-c', 'readlink /proc/self/fd/3'], {
        stdio: ['ignore', 'pipe', 'pipe', ...handed],
      })
        .stdout.toString()
        .trim();
    holdTap((fd) => {
      expect(list([fd])).toBe('/dev/net/tun');
      const all = Bun.spawnSync(['sh', '-c', 'ls -l /proc/self/fd']).stdout.toString();
      expect(all).not.toContain('/dev/net/tun');
    });
  });
});
