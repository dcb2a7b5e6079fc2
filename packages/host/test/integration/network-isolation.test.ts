import { afterEach, beforeEach, describe, expect } from 'bun:test';
import { writeRules } from '../../src/network/network.ts';
import {
  BRIDGE,
  connect,
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
const [MERCURY, VENUS, OTHER] = ['10.211.5.2', '10.211.5.3', '10.211.5.5'] as const;

let lab: NetworkLab;
/** What holds whatever a cable is made of is tried on each kind. */
function useLab(kind: (typeof PLUG_KINDS)[number]) {
  beforeEach(() => {
    if (reason === undefined) lab = makeNetworkLab(kind);
  });
}
afterEach(async () => await lab?.dispose());

/** Two of one project and one of another, each with a server on 3000, on 22 and on 6201. */
async function joinThree() {
  const mercury = await lab.join(MERCURY);
  const venus = await lab.join(VENUS);
  const other = await lab.join(OTHER, { project: 'blog' });
  for (const pid of [venus, other]) await lab.listen(pid, [22, 3000, 6201]);
  return { mercury, venus, other };
}

describe.each(PLUG_KINDS)('rules: siblings (%s)', (kind) => {
  useLab(kind);
  test('of one project reach each other, and see the own address of each', async () => {
    const { mercury } = await joinThree();
    expect(connect(mercury, VENUS, 3000)).toBe(MERCURY);
  });
  test('of another project are refused at once', async () => {
    const { mercury, other } = await joinThree();
    expect(connect(mercury, OTHER, 3000)).toBe('refused');
    await lab.listen(mercury, [3000]);
    expect(connect(other, MERCURY, 3000)).toBe('refused');
  });
  for (const port of [22, 6201])
    test(`do not reach port ${port} of each other, the host does`, async () => {
      const { mercury } = await joinThree();
      expect(connect(mercury, VENUS, port)).toBe('refused');
      expect(connect(mercury, OTHER, port)).toBe('refused');
      expect(connect(undefined, VENUS, port)).toBe(GATEWAY);
    });
});

describe.each(PLUG_KINDS)('rules: the host (%s)', (kind) => {
  useLab(kind);
  test('its services do not answer, on whatever address; gateway and its two ports do', async () => {
    const { mercury } = await joinThree();
    sh('ip link add far type veth peer name far1; ip addr add 203.0.113.7/24 dev far; ip link set far up');
    await lab.listen(undefined, [80, 6201, PORTS.dns, PORTS.http]);
    for (const address of [GATEWAY, '203.0.113.7'])
      for (const port of [80, 6201]) expect(connect(mercury, address, port)).toBe('refused');
    for (const port of [PORTS.dns, PORTS.http]) {
      expect(connect(mercury, GATEWAY, port)).toBe(MERCURY);
      expect(connect(mercury, '203.0.113.7', port)).toBe('refused');
    }
    sh('ip link del far');
  });
  test('answers DNS by UDP on the gateway, untracked, and nothing on another port', async () => {
    const mercury = await lab.join(MERCURY);
    for (const port of [PORTS.dns, 5355]) await lab.run(undefined, ECHO, [GATEWAY, String(port)]);
    const ask = (address: string, port: number) =>
      sh(`timeout 3 bash -c 'exec 3<>/dev/udp/${address}/${port}; echo hi >&3; head -n 1 <&3'`, mercury).out;
    const flows = () => Number(sh('cat /proc/sys/net/netfilter/nf_conntrack_count').out);
    const before = flows();
    expect(ask(GATEWAY, PORTS.dns)).toBe('hi');
    expect(flows()).toBe(before);
    expect(ask(GATEWAY, 5355)).toContain('refused');
  });
  test('learns at once that a port of a sandbox is closed, by UDP too', async () => {
    await lab.join(MERCURY);
    const ask = `exec 3<>/dev/udp/${MERCURY}/9; echo x >&3; sleep 0.3; echo x >&3`;
    expect(sh(`bash -c '${ask}'`).out).toContain('refused');
    expect(connect(undefined, MERCURY, 9)).toBe('refused');
  });
  test('the gateway does not answer to other neighbours of the host', async () => {
    await lab.join(MERCURY);
    const outside = await lab.makeOutside();
    await lab.listen(undefined, [PORTS.http]);
    sh('ip route add 10.211.5.0/24 via 198.51.100.2', outside);
    expect(connect(outside, '198.51.100.2', PORTS.http)).toBe('198.51.100.9');
    expect(connect(outside, GATEWAY, PORTS.http)).toBe('silence');
  });
});

describe.each(PLUG_KINDS)('rules: network none (%s)', (kind) => {
  useLab(kind);
  test('reaches nothing but the daemon, and only the host reaches it', async () => {
    const closed = await lab.join(MERCURY, { network: 'none' });
    const venus = await lab.join(VENUS);
    const outside = await lab.makeOutside();
    for (const pid of [closed, venus, outside]) await lab.listen(pid, [3000]);
    await lab.listen(undefined, [80, PORTS.dns, PORTS.http]);
    for (const port of [PORTS.dns, PORTS.http]) expect(connect(closed, GATEWAY, port)).toBe(MERCURY);
    expect(connect(closed, GATEWAY, 80)).toBe('refused');
    expect(connect(closed, VENUS, 3000)).toBe('refused');
    expect(connect(closed, '198.51.100.9', 3000)).toBe('refused');
    expect(connect(venus, MERCURY, 3000)).toBe('refused');
    expect(connect(undefined, MERCURY, 3000)).toBe(GATEWAY);
  });
});

describe('members', () => {
  useLab('namespace');
  const sandboxes = Array.from({ length: 12 }, (_, n) => ({
    address: `10.211.5.${n + 2}`,
    sandbox: `s${n}`,
  }));

  test('that come and go at the same time are all known in the end', async () => {
    const pids = await Promise.all(sandboxes.map(() => lab.makeMachine()));
    await lab.network.ensure();
    await Promise.all(
      sandboxes.map((one, n) =>
        lab.network.attach(
          { ...one, plug: { kind: 'namespace', pid: pids[n] ?? 0 }, project: 'shop', network: 'nat' },
          signal(),
        ),
      ),
    );
    const known = () => sh(`nft list set inet ${BRIDGE} cables`).out.match(/"cs0ad305\w\w"/g)?.length ?? 0;
    expect(known()).toBe(12);
    await Promise.all([
      ...sandboxes.slice(6).map((one) => lab.network.detach({ ...one, project: 'shop' }, signal())),
      lab.network.ensure(),
    ]);
    expect(known()).toBe(6);
    expect(sh('ip -br link').out.match(/^cs0ad305\w\w/gm)).toHaveLength(7);
  });

  test('a thousand are written at one go', async () => {
    const config = { bridge: BRIDGE, subnet: '10.96.0.0/16', ports: PORTS };
    const members = Array.from({ length: 1000 }, (_, n) => ({
      address: `10.96.${Math.floor((n + 2) / 250)}.${((n + 2) % 250) + 2}`,
      project: `p${n % 300}`,
      sandbox: `s${n}`,
      network: 'nat' as const,
    }));
    await writeRules(config, members, signal());
    expect(sh(`nft list set inet ${BRIDGE} cables`).out.match(/10\.96\./g)).toHaveLength(1000);
    sh(`nft delete table inet ${BRIDGE}`);
  });
});

/** Gives each datagram back. */
const ECHO = `
  const [hostname, port] = process.argv.slice(1);
  await Bun.udpSocket({ hostname, port: Number(port), socket: {
    data(socket, data, port, address) { socket.send(data, port, address); } } });
  console.log("ready");`;
