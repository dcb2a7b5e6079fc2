import { afterEach, beforeEach, expect } from 'bun:test';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Problem, toProblem } from '@cspace/protocol/problem';
import { ensureNetwork, type NetworkConfig, removeNetwork } from '../../src/network/network.ts';
import {
  BRIDGE,
  connect,
  GATEWAY,
  getLabReason,
  makeNetworkLab,
  type NetworkLab,
  PORTS,
  SUBNET,
  sh,
  signal,
} from '../support/network-lab.ts';
import { testUnless } from '../support/test-unless.ts';

const reason = getLabReason();
const test = testUnless(reason);

let lab: NetworkLab;
let config: NetworkConfig;
beforeEach(() => {
  if (reason !== undefined) return;
  lab = makeNetworkLab();
  config = { bridge: BRIDGE, subnet: SUBNET, ports: PORTS, home: lab.home, owner: { uid: 1501, gid: 1501 } };
});
afterEach(async () => await lab?.dispose());

async function problemOf(promise: Promise<unknown>): Promise<Problem> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeDefined();
  return toProblem(error);
}

/** All that we could leave behind. */
const state = () =>
  sh('ip -o link; ip -4 route show table all; ip neigh show nud permanent; nft list ruleset').out.replace(
    /^\d+: |@if\d+|link-netnsid \d+/gm,
    '',
  );

test('ensureNetwork: link, address, route and rules; again changes nothing; removeNetwork takes all', async () => {
  const before = state();
  await ensureNetwork(config, [], signal());
  const made = state();
  expect(sh('ip -4 -br addr show cstest0').out).toContain('10.211.5.1/32');
  expect(sh('ip route').out).toContain('unreachable 10.211.5.0/24 metric 4096');
  expect(sh('cat /proc/sys/net/ipv4/ip_forward').out).toBe('1');
  expect(sh('ip -6 addr show cstest0').out).toBe('');
  await ensureNetwork(config, [], signal());
  expect(state()).toBe(made);
  await removeNetwork(config, signal());
  expect(state()).toBe(before);
  await removeNetwork(config, signal());
});

test('ensureNetwork mends what was changed by hand', async () => {
  await ensureNetwork(config, [], signal());
  const made = state();
  sh(
    'ip link set cstest0 down; ip addr flush dev cstest0; nft flush ruleset; ip route del unreachable 10.211.5.0/24 metric 4096',
  );
  await ensureNetwork(config, [], signal());
  expect(state()).toBe(made);
});

test('attach: the machine reaches the host and the host the machine; detach takes the cable', async () => {
  const pid = await lab.join('10.211.5.2');
  expect(sh('ip -4 -br addr show eth0; ip route', pid).out).toMatch(
    /10\.211\.5\.2\/32[\s\S]*default via 10\.211\.5\.1/,
  );
  expect(sh('ip -o link show eth0', pid).out).toContain('02:c5:0a:d3:05:02');
  await lab.listen(pid, [3000]);
  expect(connect(undefined, '10.211.5.2', 3000)).toBe(GATEWAY);
  const machine = { address: '10.211.5.2', project: 'shop', sandbox: 'at-2' };
  await lab.network.detach(machine, signal());
  expect(sh('ip -o link').out).not.toContain('cs0ad30502');
  expect(connect(undefined, '10.211.5.2', 3000)).toBe('unreachable');
  await lab.network.detach(machine, signal());
});

test('attach: a new machine on a used address answers at once', async () => {
  for (let n = 0; n < 3; n += 1) {
    // The former cable is still there: nobody has detached it.
    const pid = await lab.join('10.211.5.7');
    await lab.listen(pid, [3000]);
    expect(connect(undefined, '10.211.5.7', 3000)).toBe(GATEWAY);
  }
});

test('attach: twice is once, and a process that is gone is a problem that leaves no cable', async () => {
  const pid = await lab.join('10.211.5.3');
  const machine = { address: '10.211.5.3', project: 'shop', sandbox: 'at-3', network: 'nat' as const };
  await lab.network.attach({ plug: { kind: 'namespace', pid }, ...machine }, signal());
  await lab.listen(pid, [3000]);
  expect(connect(undefined, '10.211.5.3', 3000)).toBe(GATEWAY);
  const plug = { kind: 'namespace', pid: 4_194_000 } as const;
  const gone = lab.network.attach({ ...machine, address: '10.211.5.4', plug }, signal());
  expect((await problemOf(gone)).code).toBe('network-unavailable');
  expect(sh('ip -o link').out).not.toContain('cs0ad30504');
});

test('detach of a stopped sandbox lets alone whoever has its former address', async () => {
  const pid = await lab.join('10.211.5.2', { sandbox: 'mars' });
  await lab.network.detach({ address: '10.211.5.2', project: 'shop', sandbox: 'mercury' }, signal());
  await lab.listen(pid, [3000]);
  expect(connect(undefined, '10.211.5.2', 3000)).toBe(GATEWAY);
});

test('detach in a home that was refused the subnet lets alone the cables of the home that has it', async () => {
  const pid = await lab.join('10.211.5.2');
  await lab.listen(pid, [3000]);
  const other = lab.makeOther();
  expect((await problemOf(other.ensure())).code).toBe('home-conflict');
  await other.detach({ address: '10.211.5.2', project: 'shop', sandbox: 'at-2' }, signal());
  await other.remove(signal());
  expect(connect(undefined, '10.211.5.2', 3000)).toBe(GATEWAY);
});

test('ensureNetwork: another home that wants the same bridge, or subnet, is told who holds it', async () => {
  await ensureNetwork(config, [], signal());
  const held = state();
  const other = { ...config, home: join(lab.home, 'other'), owner: { uid: 0, gid: 0 } };
  mkdirSync(other.home);
  for (const wanted of [other, { ...other, bridge: 'cstest1' }]) {
    const problem = await problemOf(ensureNetwork(wanted, [], signal()));
    expect(problem.code).toBe('home-conflict');
    expect(problem.why).toContain(`${config.home} (user 1501)`);
    await removeNetwork(wanted, signal());
    expect(state()).toBe(held);
  }
});

test('ensureNetwork: a route of the host’s that overlaps is named, and nothing is left', async () => {
  sh('ip link add tun7 type veth peer name tun7b; ip addr add 10.211.0.1/16 dev tun7; ip link set tun7 up');
  try {
    const before = state();
    const problem = await problemOf(ensureNetwork(config, [], signal()));
    expect(problem.code).toBe('network-unavailable');
    expect(problem.why).toContain('tun7');
    expect(state()).toBe(before);
  } finally {
    sh('ip link del tun7');
  }
});

test('ensureNetwork: an interface of that name that is not ours is let alone', async () => {
  sh('ip link add cstest0 type bridge');
  try {
    const before = state();
    expect((await problemOf(ensureNetwork(config, [], signal()))).message).toContain('cspace did not make');
    await removeNetwork(config, signal());
    expect(state()).toBe(before);
  } finally {
    sh('ip link del cstest0');
  }
});
