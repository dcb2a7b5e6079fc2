import { afterEach, beforeEach, describe, expect } from 'bun:test';
import {
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
const [MERCURY, VENUS, MARS, OTHER] = ['10.211.5.2', '10.211.5.3', '10.211.5.4', '10.211.5.5'] as const;

let lab: NetworkLab;
beforeEach(() => {
  if (reason === undefined) lab = makeNetworkLab();
});
afterEach(async () => await lab?.dispose());

/** Two of one project and one of another, each with a server on 3000, on 22 and on 6201. */
async function joinThree() {
  const mercury = await lab.join(MERCURY);
  const venus = await lab.join(VENUS);
  const other = await lab.join(OTHER, { project: 'blog' });
  for (const pid of [venus, other]) await lab.listen(pid, [22, 3000, 6201]);
  return { mercury, venus, other };
}

describe('rules: siblings', () => {
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

describe('rules: the host', () => {
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
  test('the gateway does not answer to other neighbours of the host', async () => {
    await lab.join(MERCURY);
    const outside = await lab.makeOutside();
    await lab.listen(undefined, [PORTS.http]);
    sh('ip route add 10.211.5.0/24 via 198.51.100.2', outside);
    expect(connect(outside, '198.51.100.2', PORTS.http)).toBe('198.51.100.9');
    expect(connect(outside, GATEWAY, PORTS.http)).toBe('silence');
  });
});

describe('rules: spoofing', () => {
  test('fault-18: what comes under an address of another sandbox goes nowhere', async () => {
    const { mercury, venus } = await joinThree();
    const all = countArrivals(venus, 'ip saddr 10.211.5.0/24 udp dport 9');
    sh(`bash -c 'echo a > /dev/udp/${VENUS}/9'`, mercury);
    expect(all()).toBe(1);
    for (const address of [MARS, OTHER, GATEWAY, '203.0.113.9']) {
      sh(`ip addr add ${address}/32 dev lo; ip route replace ${GATEWAY} dev eth0 src ${address}`, mercury);
      sh(`ip route replace default via ${GATEWAY} src ${address}`, mercury);
      expect(sh(`ip route get ${VENUS}`, mercury).out).toContain(`src ${address}`);
      sh(`bash -c 'echo b > /dev/udp/${VENUS}/9'`, mercury);
    }
    expect(all()).toBe(1);
  });
});
