import { afterEach, beforeEach, describe, expect } from 'bun:test';
import {
  connect,
  countArrivals,
  GATEWAY,
  getLabReason,
  makeNetworkLab,
  type NetworkLab,
  PLUG_KINDS,
  PORTS,
  sh,
  signal,
} from '../support/network-lab.ts';
import { testUnless } from '../support/test-unless.ts';

const reason = getLabReason();
const test = testUnless(reason);
const [MERCURY, VENUS, MARS, OTHER] = ['10.211.5.2', '10.211.5.3', '10.211.5.4', '10.211.5.5'] as const;
const NOBODY = '10.211.5.6';
const OUTSIDE = '198.51.100.9';

let lab: NetworkLab;
/** What holds whatever a cable is made of is tried on each kind. */
function useLab(kind: (typeof PLUG_KINDS)[number]) {
  beforeEach(() => {
    if (reason === undefined) lab = makeNetworkLab(kind);
  });
}
afterEach(async () => await lab?.dispose());

const sendUdp = (pid: number, address: string, port: number) =>
  sh(`bash -c 'echo x > /dev/udp/${address}/${port}'`, pid);

describe.each(PLUG_KINDS)('fault-18: a sandbox with root inside (%s)', (kind) => {
  useLab(kind);
  /** Sends a datagram from an address that the sandbox takes, to each of these. */
  function sendAs(mercury: number, address: string, to: readonly string[]) {
    sh(`ip addr add ${address}/32 dev lo`, mercury);
    sh(`ip route replace default via ${GATEWAY} src ${address}`, mercury);
    expect(sh(`ip route get ${VENUS}`, mercury).out).toContain(`src ${address}`);
    for (const one of to) sendUdp(mercury, one, 9);
  }

  test('sends nothing under an address that nobody has, nor under one of the host’s', async () => {
    const [mercury, venus] = [await lab.join(MERCURY), await lab.join(VENUS)];
    const outside = await lab.makeOutside();
    const arrived = [countArrivals(venus, 'udp dport 9'), countArrivals(outside, 'udp dport 9')];
    for (const to of [VENUS, OUTSIDE]) sendUdp(mercury, to, 9);
    expect(arrived.map((count) => count())).toEqual([1, 1]);
    for (const address of [NOBODY, GATEWAY, '203.0.113.9']) sendAs(mercury, address, [VENUS, OUTSIDE]);
    expect(arrived.map((count) => count())).toEqual([1, 1]);
  });

  for (const [whose, address, member, reaches] of [
    ['a sibling', MARS, {}, [VENUS, OUTSIDE]],
    ['another project’s sandbox', OTHER, { project: 'blog' }, [OUTSIDE]],
  ] as const)
    test(`sends nothing under the address of ${whose} that runs`, async () => {
      const [mercury, venus] = [await lab.join(MERCURY), await lab.join(VENUS)];
      const owner = await lab.join(address, member);
      const outside = await lab.makeOutside();
      // Reverse path filtering, which a host may have on, would hide that a rule is missing.
      sh('for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done');
      const arrived = [countArrivals(venus, 'udp dport 9'), countArrivals(outside, 'udp dport 9')];
      const expected = [VENUS, OUTSIDE].map((to) => ((reaches as readonly string[]).includes(to) ? 1 : 0));
      for (const to of [VENUS, OUTSIDE]) sendUdp(owner, to, 9);
      expect(arrived.map((count) => count())).toEqual(expected);
      sendAs(mercury, address, [VENUS, OUTSIDE]);
      expect(arrived.map((count) => count())).toEqual(expected);
    });

  test('gets no packet of a sibling’s by answering ARP for it, nor by a hardware address', async () => {
    const [mercury, other] = [await lab.join(MERCURY), await lab.join(OTHER, { project: 'blog' })];
    await lab.listen(mercury, [3000]);
    const arrived = countArrivals(other, `ip daddr ${MERCURY}`);
    const neighbours = sh('ip neigh').out;
    sh(`ip addr add ${MERCURY}/32 dev eth0; ip addr add ${GATEWAY}/32 dev lo`, other);
    sh('echo 1 > /proc/sys/net/ipv4/conf/eth0/arp_notify; ip link set eth0 down', other);
    sh(`ip link set eth0 address 02:c5:0a:d3:05:02; ip link set eth0 up`, other);
    sh(`ip link set eth0 arp off; ip link set eth0 arp on`, other);
    expect(connect(undefined, MERCURY, 3000)).toBe(GATEWAY);
    expect(arrived()).toBe(0);
    expect(sh('ip neigh').out).toBe(neighbours);
  });

  test('gets nowhere by flushing its own rules, nor by routes of its own', async () => {
    const mercury = await lab.join(MERCURY);
    const other = await lab.join(OTHER, { project: 'blog' });
    await lab.listen(other, [3000, 6201]);
    await lab.listen(undefined, [80]);
    sh('nft flush ruleset; ip route flush table main; ip neigh flush all', mercury);
    sh('ip addr add 10.211.5.99/24 dev eth0; ip route add default via 10.211.5.1', mercury);
    for (const [address, port] of [
      [OTHER, 3000],
      [OTHER, 6201],
      [GATEWAY, 80],
    ] as const)
      expect(connect(mercury, address, port)).not.toContain('10.211');
    const arrived = countArrivals(other, 'ip saddr 10.211.5.0/24');
    sh(`ip route replace ${OTHER} via ${GATEWAY} dev eth0 onlink src ${MERCURY}`, mercury);
    expect(connect(mercury, OTHER, 3000)).toBe('refused');
    expect(arrived()).toBe(0);
  });

  test('has no IPv6, not even where the host routes it', async () => {
    const [mercury, venus] = [await lab.join(MERCURY), await lab.join(VENUS)];
    expect(sh('ip -6 addr show dev cs0ad30502').out).toBe('');
    sh('echo 1 > /proc/sys/net/ipv6/conf/all/forwarding; ip -6 addr add fd00::1/128 dev cs0ad30502 nodad');
    sh('ip -6 neigh add fd00::3 lladdr 02:c5:0a:d3:05:03 dev cs0ad30503');
    sh('ip -6 route add fd00::2 dev cs0ad30502; ip -6 route add fd00::3 dev cs0ad30503');
    sh('ip -6 addr add fd00::2/128 dev eth0 nodad; ip -6 route add fd00::1 dev eth0', mercury);
    sh('ip -6 neigh add fd00::1 lladdr 02:c5:0a:d3:05:01 dev eth0', mercury);
    sh('ip -6 route add default via fd00::1 dev eth0', mercury);
    sh('ip -6 addr add fd00::3/128 dev eth0 nodad', venus);
    const arrived = countArrivals(venus, 'ip6 daddr fd00::3 udp dport 9');
    sendUdp(mercury, 'fd00::3', 9);
    expect(sh('nstat -az Udp6OutDatagrams', mercury).out).toMatch(/Udp6OutDatagrams +1 /);
    expect(arrived()).toBe(0);
    await lab.listen(undefined, [80]);
    expect(connect(mercury, 'fd00::1', 80)).toBe('silence');
  });

  test('does not reach control ports with fragments', async () => {
    const [mercury, venus] = [await lab.join(MERCURY), await lab.join(VENUS)];
    const arrived = countArrivals(venus, 'udp dport { 22, 6201 }');
    const others = countArrivals(venus, 'udp dport 9');
    for (const port of [22, 6201, 9]) {
      sh(`bash -c 'printf %4000s x > /dev/udp/${VENUS}/${port}'`, mercury);
    }
    expect(arrived()).toBe(0);
    expect(others()).toBeGreaterThan(0);
  });

  test('uses no port that the host publishes for others', async () => {
    const mercury = await lab.join(MERCURY);
    const outside = await lab.makeOutside();
    await lab.listen(outside, [3000]);
    const rule = `fib daddr type local tcp dport { 8080, ${PORTS.http} } dnat ip to ${OUTSIDE}:3000`;
    sh(`nft 'table inet engine { chain c { type nat hook prerouting priority dstnat; ${rule}; }; }'`);
    for (const address of [GATEWAY, '198.51.100.2']) expect(connect(mercury, address, 8080)).toBe('refused');
    expect(connect(mercury, OUTSIDE, 3000)).toBe('198.51.100.2');
    sh('nft delete table inet engine');
  });

  test('fills no table of the host’s: its open flows have a bound, whose it does not share', async () => {
    const [mercury, venus] = [await lab.join(MERCURY), await lab.join(VENUS)];
    const outside = await lab.makeOutside();
    for (const pid of [venus, outside]) await lab.listen(pid, [3000]);
    const flows = () => Number(sh('cat /proc/sys/net/netfilter/nf_conntrack_count').out);
    const before = flows();
    for (const address of [OUTSIDE, VENUS]) {
      sh(`${process.execPath} -e '${FLOOD}' ${address}`, mercury);
    }
    expect(flows() - before).toBeGreaterThan(3500);
    expect(flows() - before).toBeLessThan(4200);
    for (const address of [OUTSIDE, VENUS]) expect(connect(mercury, address, 3000)).toBe('refused');
    expect(connect(venus, OUTSIDE, 3000)).toBe('198.51.100.2');
  });
});

/** A datagram to each of 6000 ports. */
const FLOOD = `
  const socket = await Bun.udpSocket({ socket: { error() {} } });
  for (let port = 1024; port < 7024; port += 1) {
    try { socket.send("x", port, process.argv[1]); } catch {}
    if (port % 50 === 0) await Bun.sleep(1);
  }
  process.exit(0);`;

describe.each(PLUG_KINDS)('whoever gets an address next (%s)', (kind) => {
  useLab(kind);
  test('does not get the answers to the one before; the same sandbox does', async () => {
    const outside = await lab.makeOutside();
    await lab.run(outside, ANSWERS_FOR_EVER);
    const before = { address: MERCURY, project: 'shop', sandbox: 'mercury' };
    const asked = countArrivals(outside, 'udp dport 7');
    sendUdp(await lab.join(MERCURY, before), OUTSIDE, 7);
    expect(asked()).toBe(1);
    for (const [next, arrives] of [
      [{ ...before, sandbox: 'venus', project: 'blog' }, false],
      [before, true],
    ] as const) {
      await lab.network.detach(before, signal());
      const arrived = countArrivals(await lab.join(MERCURY, next), 'udp sport 7');
      await Bun.sleep(500);
      expect(arrived() > 0).toBe(arrives);
      await lab.network.detach({ ...next, address: MERCURY }, signal());
    }
  });
});

/** The far side of a flow that goes on after its near side has gone. */
const ANSWERS_FOR_EVER = `
  let asker;
  const socket = await Bun.udpSocket({ port: 7, socket: {
    data(_, __, port, address) { asker ??= { port, address }; }, error() {} } });
  setInterval(() => { try { if (asker) socket.send("x", asker.port, asker.address); } catch {} }, 50);
  console.log("ready");`;
