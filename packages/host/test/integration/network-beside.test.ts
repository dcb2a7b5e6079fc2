import { afterEach, beforeEach, describe, expect } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import {
  connect,
  GATEWAY,
  getLabReason,
  makeNetworkLab,
  type NetworkLab,
  PORTS,
  sh,
  signal,
} from '../support/network-lab.ts';
import { testUnless } from '../support/test-unless.ts';

const reason = getLabReason();
const [MERCURY, VENUS, OTHER, OUTSIDE] = ['10.211.5.2', '10.211.5.3', '10.211.5.5', '198.51.100.9'];

let lab: NetworkLab;
beforeEach(() => {
  if (reason === undefined) lab = makeNetworkLab();
});
afterEach(async () => await lab?.dispose());

/** All that a sandbox may do, and some of what it may not. */
async function expectAllHolds() {
  const [mercury, venus] = [await lab.join(MERCURY), await lab.join(VENUS)];
  const other = await lab.join(OTHER, { project: 'blog' });
  const outside = await lab.makeOutside();
  for (const pid of [venus, other, outside]) await lab.listen(pid, [3000]);
  await lab.listen(undefined, [PORTS.http, 80]);
  expect(connect(mercury, VENUS, 3000)).toBe(MERCURY);
  expect(connect(mercury, OTHER, 3000)).toBe('refused');
  expect(connect(mercury, OUTSIDE, 3000)).toBe('198.51.100.2');
  expect(connect(mercury, GATEWAY, PORTS.http)).toBe(MERCURY);
  expect(connect(mercury, GATEWAY, 80)).toBe('refused');
  expect(connect(undefined, VENUS, 3000)).toBe(GATEWAY);
}

function getObstacle(program: string): string | undefined {
  if (Bun.which(program) === null) return `${program} is not installed`;
  return sh(`${program} -S`).code === 0 ? undefined : `${program} does not work on this kernel`;
}

for (const program of ['iptables-nft', 'iptables-legacy']) {
  const missing = reason ?? getObstacle(program);
  const test = testUnless(missing);
  const rules = () => sh(`${program} -S`).out;

  describe(`beside the rules of ${program}`, () => {
    afterEach(() => {
      if (missing !== undefined) return;
      for (const chain of ['INPUT', 'FORWARD']) sh(`${program} -P ${chain} ACCEPT`);
      sh(`${program} -F; ${program} -X`);
    });
    /** As Docker leaves it: its own networks, and what it does not know is dropped. */
    const layDocker = () =>
      sh(
        `${program} -P FORWARD DROP; ${program} -N DOCKER-USER; ${program} -A DOCKER-USER -j RETURN; ${program} -A FORWARD -j DOCKER-USER`,
      );

    test('trap-35: Docker’s FORWARD that drops', async () => {
      layDocker();
      const before = rules();
      await expectAllHolds();
      const during = rules();
      expect(during.match(/cspace:cstest0/g)).toHaveLength(2);
      await lab.network.ensure();
      expect(rules()).toBe(during);
      await lab.network.remove(signal());
      expect(rules()).toBe(before);
    });
    test('a FORWARD and an INPUT that drop, as with ufw', async () => {
      sh(`${program} -P INPUT DROP; ${program} -P FORWARD DROP; ${program} -A INPUT -i lo -j ACCEPT`);
      sh(`${program} -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT`);
      const before = rules();
      await expectAllHolds();
      await lab.network.remove(signal());
      expect(rules()).toBe(before);
    });
    test('rules that come later are seen at the next up', async () => {
      await lab.network.ensure();
      layDocker();
      expect(rules()).not.toContain('cspace');
      await expectAllHolds();
    });
  });
}

describe('whatever the host has set', () => {
  const ALL = '/proc/sys/net/ipv4/conf/all';
  const BRIDGE_CALLS = '/proc/sys/net/bridge/bridge-nf-call-iptables';
  const noBridgeCalls = existsSync(BRIDGE_CALLS) ? undefined : 'this kernel has no br_netfilter';
  // Each of them is of the lab's network namespace alone.
  for (const [what, settings] of [
    ['trap-35: br_netfilter on', { [BRIDGE_CALLS]: '1' }],
    ['trap-35: br_netfilter off', { [BRIDGE_CALLS]: '0' }],
    ['strict rp_filter, no redirects', { [`${ALL}/rp_filter`]: '1', [`${ALL}/send_redirects`]: '0' }],
    ['loose rp_filter, strict ARP', { [`${ALL}/rp_filter`]: '2', [`${ALL}/arp_ignore`]: '2' }],
  ] as [string, Record<string, string>][])
    testUnless(reason ?? (BRIDGE_CALLS in settings ? noBridgeCalls : undefined))(what, async () => {
      const before = Object.keys(settings).map((path) => [path, readFileSync(path, 'utf8')] as const);
      for (const [path, value] of Object.entries(settings)) writeFileSync(path, value);
      try {
        await expectAllHolds();
      } finally {
        for (const [path, value] of before) writeFileSync(path, value);
      }
    });
});
