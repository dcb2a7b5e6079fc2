import { afterAll, afterEach, beforeAll, expect } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Problem, toProblem } from '@cspace/protocol/problem';
import { attachMachine, detachMachine } from '../../src/network/attach.ts';
import { ensureNetwork, type NetworkConfig, removeNetwork } from '../../src/network/network.ts';
import { testUnless } from '../support/test-unless.ts';

const reason =
  process.getuid?.() !== 0
    ? 'needs root'
    : process.env.CSPACE_LAB === undefined
      ? 'makes a bridge: run it by scripts/lab'
      : undefined;
const test = testUnless(reason);

let folder: string;
let config: NetworkConfig;
const machines: Bun.Subprocess[] = [];
const signal = () => AbortSignal.timeout(30_000);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-network-'));
  for (const name of ['home', 'other']) mkdirSync(join(folder, name));
  config = {
    bridge: 'cstest0',
    subnet: '10.211.5.0/24',
    home: join(folder, 'home'),
    owner: { uid: 1501, gid: 1501 },
  };
});
afterEach(async () => {
  for (const machine of machines.splice(0)) {
    machine.kill('SIGKILL');
    await machine.exited;
  }
  if (reason === undefined) await removeNetwork(config, signal());
});
afterAll(() => rmSync(folder, { recursive: true }));

function sh(script: string, pid?: number) {
  const enter = pid === undefined ? [] : ['nsenter', `--net=/proc/${pid}/ns/net`];
  const child = Bun.spawnSync([...enter, 'sh', '-c', script], { timeout: 20_000 });
  return { code: child.exitCode, out: child.stdout.toString().trim() + child.stderr.toString().trim() };
}

/** A process with a network namespace of its own, as a machine's first one has. */
async function makeMachine(): Promise<number> {
  const child = Bun.spawn(['unshare', '--net', 'sleep', '60'], { stdio: ['ignore', 'ignore', 'ignore'] });
  machines.push(child);
  const own = sh('readlink /proc/self/ns/net').out;
  while (sh(`readlink /proc/${child.pid}/ns/net`).out === own) await Bun.sleep(5);
  return child.pid;
}

const attach = (pid: number, address: string) => attachMachine({ ...config, pid, address }, signal());

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
  sh('ip -o link; ip -4 route show table all; nft list ruleset').out.replace(/^\d+: /gm, '');

test('ensureNetwork: bridge, address, route and rules; again changes nothing; removeNetwork takes all', async () => {
  const before = state();
  await ensureNetwork(config, signal());
  const made = state();
  expect(sh('ip -4 -br addr show cstest0').out).toContain('10.211.5.1/24');
  expect(sh('ip route').out).toContain('unreachable 10.211.5.0/24 metric 4096');
  expect(sh('cat /proc/sys/net/ipv4/ip_forward').out).toBe('1');
  expect(sh('ip -6 addr show cstest0').out).toBe('');
  await ensureNetwork(config, signal());
  expect(state()).toBe(made);
  await removeNetwork(config, signal());
  expect(state()).toBe(before);
  await removeNetwork(config, signal());
});

test('ensureNetwork mends what was changed by hand', async () => {
  await ensureNetwork(config, signal());
  const made = state();
  sh(
    'ip link set cstest0 down; ip addr flush dev cstest0; nft flush ruleset; ip route del unreachable 10.211.5.0/24 metric 4096',
  );
  await ensureNetwork(config, signal());
  expect(state()).toBe(made);
});

test('attachMachine: the machine reaches the host and the host the machine; detach takes the cable', async () => {
  await ensureNetwork(config, signal());
  const pid = await makeMachine();
  await attach(pid, '10.211.5.2');
  expect(sh('ip -4 -br addr show eth0; ip route', pid).out).toMatch(
    /10\.211\.5\.2\/24[\s\S]*default via 10\.211\.5\.1/,
  );
  expect(sh('cat /proc/net/arp >/dev/null; ip -o link show eth0', pid).out).toContain('02:c5:0a:d3:05:02');
  expect(connects('10.211.5.1', pid)).toBe(true);
  expect(connects('10.211.5.2')).toBe(true);
  await detachMachine('10.211.5.2', signal());
  expect(sh('ip -o link').out).not.toContain('cs0ad30502');
  await detachMachine('10.211.5.2', signal());
});

/** A refused connection is an answer too: by then packets went both ways. */
function connects(address: string, pid?: number): boolean {
  const script = `timeout 3 bash -c 'exec 3<>/dev/tcp/${address}/9' 2>&1 | grep -q refused`;
  return sh(script, pid).code === 0;
}

test('attachMachine: a new machine on a used address answers at once', async () => {
  await ensureNetwork(config, signal());
  for (let n = 0; n < 3; n += 1) {
    const pid = await makeMachine();
    // The former cable is still there: the kernel is slow to take a namespace away.
    await attach(pid, '10.211.5.7');
    const startedAt = performance.now();
    expect(connects('10.211.5.7')).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(1000);
    machines.at(-1)?.kill('SIGKILL');
  }
});

test('attachMachine: twice is once, and a process that is gone is a problem that leaves no cable', async () => {
  await ensureNetwork(config, signal());
  const pid = await makeMachine();
  await attach(pid, '10.211.5.3');
  await attach(pid, '10.211.5.3');
  expect(connects('10.211.5.3')).toBe(true);
  expect((await problemOf(attach(4_194_000, '10.211.5.4'))).code).toBe('network-unavailable');
  expect(sh('ip -o link').out).not.toContain('cs0ad30504');
});

test('the guard route keeps packets in while the bridge is down', async () => {
  sh(
    'ip link add out type veth peer name far; ip addr add 198.51.100.2/24 dev out; ip link set out up; ip link set far up; ip route add default via 198.51.100.1',
  );
  try {
    await ensureNetwork(config, signal());
    sh('ip link set cstest0 down');
    expect(sh('ip route get 10.211.5.9').out).toContain('No route to host');
    expect(sh('ip route get 192.0.2.9').out).toContain('dev out');
  } finally {
    sh('ip link del out');
  }
});

test('egress goes out under the host’s address', async () => {
  await ensureNetwork(config, signal());
  const [pid, far] = [await makeMachine(), await makeMachine()];
  await attach(pid, '10.211.5.2');
  sh(
    `ip link add out type veth peer name in0 netns ${far}; ip addr add 198.51.100.2/24 dev out; ip link set out up`,
  );
  sh('ip addr add 198.51.100.9/24 dev in0; ip link set in0 up; ip link set lo up', far);
  try {
    expect(connects('198.51.100.9', pid)).toBe(true);
    expect(sh('ip route get 10.211.5.2', far).code).not.toBe(0);
  } finally {
    sh('ip link del out');
  }
});

test('ensureNetwork: another home that wants the same bridge, or subnet, is told who holds it', async () => {
  await ensureNetwork(config, signal());
  const held = state();
  const other = { ...config, home: join(folder, 'other'), owner: { uid: 0, gid: 0 } };
  for (const wanted of [other, { ...other, bridge: 'cstest1' }]) {
    const problem = await problemOf(ensureNetwork(wanted, signal()));
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
    const problem = await problemOf(ensureNetwork(config, signal()));
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
    expect((await problemOf(ensureNetwork(config, signal()))).message).toContain('cspace did not make');
    await removeNetwork(config, signal());
    expect(state()).toBe(before);
  } finally {
    sh('ip link del cstest0');
  }
});
