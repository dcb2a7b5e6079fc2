import { afterEach, beforeEach, describe, expect } from 'bun:test';
import {
  BRIDGE,
  connect,
  countArrivals,
  GATEWAY,
  getLabReason,
  makeNetworkLab,
  type NetworkLab,
  PORTS,
  sh,
} from '../support/network-lab.ts';
import { testUnless } from '../support/test-unless.ts';

const reason = getLabReason();
const test = testUnless(reason);
const [MERCURY, VENUS, OTHER] = ['10.211.5.2', '10.211.5.3', '10.211.5.5'] as const;
const OUTSIDE = '198.51.100.9';

let lab: NetworkLab;
beforeEach(() => {
  if (reason === undefined) lab = makeNetworkLab();
});
afterEach(async () => await lab?.dispose());

describe('fault-25', () => {
  /** The daemon that comes after: it knows of these two by the registry. */
  const RUNNING = [MERCURY, VENUS].map((address) => ({
    address,
    project: 'shop',
    sandbox: `at-${address.split('.').at(-1)}`,
    network: 'nat' as const,
  }));
  const HARMS: [string, string][] = [
    ['the interface of the gateway is removed', `ip link del ${BRIDGE}`],
    ['the interface of the gateway has lost its address', `ip addr flush dev ${BRIDGE}`],
    ['a cable is set down', 'ip link set cs0ad30502 down'],
    ['all rules are flushed', 'nft flush ruleset'],
    ['all routes are flushed', 'ip route flush table main; ip route flush type unreachable'],
    ['neighbours and groups are lost', 'ip neigh flush all nud permanent; ip link set cs0ad30502 group 0'],
  ];

  async function expectMended(harm: string, mend: () => Promise<void>) {
    const [mercury, venus] = [await lab.join(MERCURY), await lab.join(VENUS)];
    const other = await lab.join(OTHER, { project: 'blog' });
    for (const pid of [venus, other]) await lab.listen(pid, [3000]);
    sh(harm);
    await mend();
    await lab.listen(undefined, [PORTS.http]);
    expect(connect(mercury, GATEWAY, PORTS.http)).toBe(MERCURY);
    expect(connect(mercury, VENUS, 3000)).toBe(MERCURY);
    expect(connect(mercury, OTHER, 3000)).toBe('refused');
    expect(connect(undefined, VENUS, 3000)).toBe(GATEWAY);
    expect(sh('ip route get 10.211.5.77').out).toContain('No route to host');
  }

  for (const [what, harm] of HARMS)
    test(`${what}: the next up mends it`, () => expectMended(harm, () => lab.network.ensure()));
  test('all of it at once: the next daemon mends it', () =>
    expectMended(HARMS.map(([, harm]) => harm).join('; '), () => {
      const other = { address: OTHER, project: 'blog', sandbox: 'at-5', network: 'nat' as const };
      return lab.restart([...RUNNING, other]).ensure();
    }));

  test('cables that no sandbox has are taken away, others’ interfaces are not', async () => {
    const mercury = await lab.join(MERCURY);
    await lab.join(OTHER);
    await lab.listen(mercury, [3000]);
    sh('ip link add other0 group 0xad3050 type veth peer name cs0ad30563; ip link set other0 alias mine');
    lab.restart(RUNNING);
    await lab.network.ensure();
    expect(sh('ip -br link').out).not.toContain('cs0ad30505');
    expect(sh('ip -br link').out).toContain('other0');
    expect(connect(undefined, MERCURY, 3000)).toBe(GATEWAY);
    sh('ip link del other0');
  });
});

describe('trap-36: a packet for the subnet stays on the host', () => {
  for (const [what, harm] of [
    ['an address that no sandbox has', 'true'],
    ['a cable that is down', 'ip link set cs0ad30502 down'],
    ['a cable that is gone', 'ip link del cs0ad30502'],
    ['an interface of the gateway that is gone', `ip link del ${BRIDGE}`],
    ['all cables gone and no rules', `ip link del cs0ad30502; ip link del ${BRIDGE}; nft flush ruleset`],
  ] as const)
    test(`with ${what}`, async () => {
      const outside = await lab.makeOutside();
      const venus = await lab.join(VENUS);
      await lab.join(MERCURY);
      const arrived = countArrivals(outside, 'ip daddr 10.211.5.0/24');
      sh(harm);
      const target = what.startsWith('an address') ? OTHER : MERCURY;
      const startedAt = performance.now();
      expect(connect(undefined, target, 3000)).toBe('unreachable');
      expect(connect(venus, target, 3000)).toMatch(/refused|unreachable|silence/);
      expect(performance.now() - startedAt).toBeLessThan(15_000);
      sh(`bash -c 'echo x > /dev/udp/${target}/9'`);
      expect(arrived()).toBe(0);
    });
});

describe('egress', () => {
  test('goes out under the host’s address, and answers come back; nothing else comes in', async () => {
    const mercury = await lab.join(MERCURY);
    const outside = await lab.makeOutside();
    for (const pid of [mercury, outside]) await lab.listen(pid, [3000]);
    expect(connect(mercury, OUTSIDE, 3000)).toBe('198.51.100.2');
    sh('ip route add 10.211.5.0/24 via 198.51.100.2', outside);
    const arrived = countArrivals(mercury, `ip saddr ${OUTSIDE} tcp flags syn / syn,ack`);
    expect(connect(outside, MERCURY, 3000)).toBe('silence');
    expect(arrived()).toBe(0);
  });

  test('a resolver of the host’s on another machine is reached by UDP', async () => {
    const mercury = await lab.join(MERCURY);
    const outside = await lab.makeOutside();
    const asked = countArrivals(outside, 'ip saddr 198.51.100.2 udp dport 53');
    const answer = `const s = await Bun.udpSocket({ port: 53, socket: { data(s, d, port, address) { s.send(d, port, address) } } }); console.log("ready")`;
    await lab.run(outside, answer);
    const ask = `exec 3<>/dev/udp/${OUTSIDE}/53; echo question >&3; timeout 5 head -n 1 <&3`;
    expect(sh(`bash -c '${ask}'`, mercury).out).toBe('question');
    expect(asked()).toBe(1);
  });
});
