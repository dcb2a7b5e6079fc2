import { afterEach, beforeEach, describe, expect } from 'bun:test';
import { toProblem } from '@cspace/protocol/problem';
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
const testWithPython = testUnless(reason ?? (Bun.which('python3') ? undefined : 'python3 is not installed'));
const [MERCURY, VENUS, MARS] = ['10.211.5.2', '10.211.5.3', '10.211.5.4'] as const;

let lab: NetworkLab;
/** What holds whatever a cable is made of is tried on each kind. */
function useLab(kind: (typeof PLUG_KINDS)[number]) {
  beforeEach(() => {
    if (reason === undefined) lab = makeNetworkLab(kind);
  });
}
afterEach(async () => await lab?.dispose());

describe.each(PLUG_KINDS)(
  'fault-18: a sandbox that fills the neighbour table of the host by ARP (%s)',
  (kind) => {
    useLab(kind);
    const KNOWN = `${MERCURY} lladdr 02:c5:0a:d3:05:02 PERMANENT`;
    const neighbours = () => sh('ip neigh show dev cs0ad30502').out.replace(/ +$/gm, '');

    async function expectNothingLearnt(harm: string) {
      const mercury = await lab.join(MERCURY);
      sh(harm);
      await lab.network.ensure();
      expect(neighbours()).toBe(KNOWN);
      expect(sh(`python3 -c '${ARP}' ${GATEWAY}`, mercury)).toEqual({ code: 0, out: 'sent 180' });
      expect(neighbours()).toBe(KNOWN);
      await lab.listen(mercury, [3000]);
      await lab.listen(undefined, [PORTS.http]);
      expect(connect(undefined, MERCURY, 3000)).toBe(GATEWAY);
      expect(connect(mercury, GATEWAY, PORTS.http)).toBe(MERCURY);
    }

    for (const [what, harm] of [
      ['a new cable', 'true'],
      ['a cable that a former version made', 'ip link set cs0ad30502 arp on'],
    ] as const)
      testWithPython(`adds nothing, over ${what}`, () => expectNothingLearnt(harm));
  },
);

/** From 60 senders each: a question for the gateway, an answer that nobody asked for, an announcement. */
const ARP = `
import socket, struct, sys
raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x806)
raw.bind(("eth0", 0))
own, nobody, everybody = bytes.fromhex("02c50ad30502"), bytes(6), b"\\xff" * 6
gateway = socket.inet_aton(sys.argv[1])
sent = 0
for n in range(60):
    sender = socket.inet_aton("203.0.113.%d" % (n + 1))
    for operation, target in ((1, gateway), (2, gateway), (1, sender)):
        head = struct.pack("!HHBBH", 1, 0x800, 6, 4, operation)
        raw.send(everybody + own + b"\\x08\\x06" + head + own + sender + nobody + target)
        sent += 1
print("sent", sent)`;

describe('fault-18: the bound of a sandbox’s open flows', () => {
  useLab('namespace');
  const member = (address: string) => ({
    address,
    project: 'shop',
    sandbox: `at-${address.split('.').at(-1)}`,
    network: 'nat' as const,
  });

  // An hour: a slow host's flows are not to end before the test does.
  const UDP_TIMEOUT = '/proc/sys/net/netfilter/nf_conntrack_udp_timeout';
  beforeEach(() => void sh(`echo 3600 > ${UDP_TIMEOUT}`));
  afterEach(() => void sh(`echo 30 > ${UDP_TIMEOUT}`));

  const REWRITES: [string, () => Promise<unknown>][] = [
    ['a sandbox that comes', () => lab.join(MARS)],
    ['an up', () => lab.network.ensure()],
    ['the next daemon', () => lab.restart([member(MERCURY), member(VENUS)]).ensure()],
    [
      'mended rules',
      () => {
        sh(`nft flush table inet ${BRIDGE}`);
        return lab.network.ensure();
      },
    ],
  ];
  test(`outlives ${REWRITES.map(([what]) => what).join(', ')}`, async () => {
    const [mercury, venus] = [await lab.join(MERCURY), await lab.join(VENUS)];
    await lab.listen(venus, [3000]);
    await lab.listen(undefined, [PORTS.http]);
    expect(connect(mercury, VENUS, 3000)).toBe(MERCURY);
    expect(connect(mercury, GATEWAY, PORTS.http)).toBe(MERCURY);
    sh(`${process.execPath} -e '${FLOOD}' ${VENUS}`, mercury);
    expect(connect(mercury, VENUS, 3000)).toBe('refused');
    for (const [what, rewrite] of REWRITES) {
      await rewrite();
      expect([what, connect(mercury, VENUS, 3000)]).toEqual([what, 'refused']);
      expect([what, connect(mercury, GATEWAY, PORTS.http)]).toEqual([what, 'refused']);
    }
    await lab.listen(mercury, [3000]);
    expect(connect(venus, MERCURY, 3000)).toBe(VENUS);
  });

  test('is its own: whoever gets the address next begins at nothing', async () => {
    const [mercury, venus] = [await lab.join(MERCURY), await lab.join(VENUS)];
    await lab.listen(venus, [3000]);
    sh(`${process.execPath} -e '${FLOOD}' ${VENUS}`, mercury);
    expect(connect(mercury, VENUS, 3000)).toBe('refused');
    await lab.network.detach(member(MERCURY), signal());
    expect(connect(await lab.join(MERCURY, { sandbox: 'next' }), VENUS, 3000)).toBe(MERCURY);
  });

  for (const [what, harm] of [
    ['is gone', `delete table inet ${BRIDGE}`],
    ['is empty', `delete table inet ${BRIDGE}; add table inet ${BRIDGE}`],
    [
      'has another set',
      `delete table inet ${BRIDGE}; add table inet ${BRIDGE};
      add set inet ${BRIDGE} flows { type ipv4_addr; }`,
    ],
    [
      'has another chain',
      `delete table inet ${BRIDGE}; add table inet ${BRIDGE};
      add chain inet ${BRIDGE} forward { type filter hook output priority 7; policy drop; }`,
    ],
  ] as const)
    test(`fault-25: its table ${what}: the next up mends it`, async () => {
      await lab.network.ensure();
      const made = sh('nft list ruleset').out;
      expect(sh(`nft '${harm}'`)).toEqual({ code: 0, out: '' });
      expect(sh('nft list ruleset').out).not.toBe(made);
      await lab.network.ensure();
      const tables = (text: string) =>
        text
          .split(/^(?=table )/m)
          .map((one) => one.trim())
          .sort();
      expect(tables(sh('nft list ruleset').out)).toEqual(tables(made));
    });
});

/** A datagram to each of 6000 ports. */
const FLOOD = `
  const socket = await Bun.udpSocket({ socket: { error() {} } });
  for (let port = 10024; port < 16024; port += 1) {
    try { socket.send("x", port, process.argv[1]); } catch {}
    if (port % 50 === 0) await Bun.sleep(1);
  }
  process.exit(0);`;

describe('attach: a process that has the host’s own network', () => {
  useLab('namespace');
  const MARS_OF_SHOP = { address: MARS, project: 'shop', sandbox: 'mars', network: 'nat' as const };
  const state = () => sh('ip -o addr; ip -4 route show table all; ip neigh').out;

  async function expectRefused(pid: number) {
    await lab.join(VENUS);
    const before = state();
    const attached = lab.network.attach({ plug: { kind: 'namespace', pid }, ...MARS_OF_SHOP }, signal());
    const problem = toProblem(await attached.catch((error: unknown) => error));
    expect(problem.code).toBe('network-unavailable');
    expect(problem.why).toContain('own network');
    expect(state()).toBe(before);
  }

  test('is refused, and nothing is changed: ourselves', () => expectRefused(process.pid));
  test('is refused, and nothing is changed: another one', async () => {
    const child = Bun.spawn(['sleep', '60']);
    try {
      await expectRefused(child.pid);
    } finally {
      child.kill('SIGKILL');
      await child.exited;
    }
  });
});
