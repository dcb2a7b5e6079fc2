import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { join } from 'node:path';
import { digInside } from '../support/dig-inside.ts';
import { getLabReason, sh } from '../support/network-lab.ts';
import { patient } from '../support/substrate-under-test.ts';
import { testUnless } from '../support/test-unless.ts';
import { createWorld, type World, waitUntil } from '../support/world.ts';

const reason = getLabReason();
const test = testUnless(reason);
const GATEWAY = '192.168.64.1';
/** An address that no sandbox has yet, its cable, and the number that all cables of the subnet carry. */
const STRAY = { address: '192.168.64.4', cable: 'csc0a84004', group: '0xc0a8400' };

// Two projects of one home: mend has mercury and, after the harm, venus; bank has mars.
let world: World;
let bank: string;
const addresses: Record<string, string> = {};
beforeAll(async () => {
  world = createWorld({ project: 'mend' });
  bank = join(world.folder, 'bank');
  world.git(['clone', '-q', world.repo, bank]);
  await up('mercury');
  await up('mars', bank);
}, patient(120_000));
afterAll(async () => await world?.dispose(), patient(60_000));

async function up(name: string, cwd = world.repo) {
  const { code, stdout, stderr } = await world.cspace(['up', name, '--json'], { cwd });
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  addresses[name] = JSON.parse(stdout.trim().split('\n').at(-1) ?? '').sandbox.address;
}

const inside = (name: string, script: string) =>
  world.cspace(['exec', name, '--', 'sh', '-c', script], { cwd: name === 'mars' ? bank : world.repo });

/** What one sandbox gets of another's server: its name, or curl's exit code. */
async function get(from: string, to: string): Promise<string | number> {
  const { code, stdout } = await inside(from, `curl -sS -m 5 http://${addresses[to]}:3000/name`);
  return code === 0 ? stdout.trim() : code;
}

async function serve(name: string) {
  const script = 'mkdir -p /tmp/www && cd /tmp/www && uname -n > name';
  await inside(name, `${script} && (setsid python3 -m http.server 3000 >/dev/null 2>&1 &)`);
  const isServed = async () => (await inside(name, 'curl -sf http://127.0.0.1:3000/name')).code === 0;
  await waitUntil(`${name} serves`, isServed);
}

/** The lab's network as a crash, and a hand that cleans up too much, leave it; gives who holds the stray cable. */
function harm(): Bun.Subprocess {
  const stray = Bun.spawn(['unshare', '--net', 'sleep', '110'], { stdio: ['ignore', 'ignore', 'ignore'] });
  const peer = `peer name eth0 netns ${stray.pid}`;
  const add = `ip link add name ${STRAY.cable} group ${STRAY.group} type veth ${peer}`;
  // It may not be in its own namespace yet, where there is no eth0 but ours.
  expect(sh(`sleep 0.5; ${add}; ip link set ${STRAY.cable} up`).code).toBe(0);
  expect(sh(`ip route add ${STRAY.address}/32 dev ${STRAY.cable}`).code).toBe(0);
  expect(sh('ip link del cspace0; nft flush ruleset').code).toBe(0);
  return stray;
}

describe('fault-25: gateway removed, rules flushed, a cable and its namespace left', () => {
  test('the next up mends it: siblings, refusals, names and the daemon are as before', async () => {
    await Promise.all(['mercury', 'mars'].map(serve));
    expect(await get('mars', 'mercury')).toBe(7);
    const stray = harm();
    try {
      // With no rules it is there for all: what is seen below is the rules' work.
      expect(sh('nft list ruleset').out).toBe('');
      await up('venus');
      expect(addresses.venus).toBe(STRAY.address);
      expect(sh('ip -br addr show cspace0').out).toContain(`${GATEWAY}/32`);
      expect(sh(`nsenter --net=/proc/${stray.pid}/ns/net ip -br link show eth0`).code).not.toBe(0);
      await serve('venus');
      expect(await get('venus', 'mercury')).toBe('mercury');
      expect(await get('mercury', 'venus')).toBe('venus');
      for (const to of ['mercury', 'venus']) expect(await get('mars', to)).toBe(7);
      for (const from of ['mercury', 'venus']) expect(await get(from, 'mars')).toBe(7);
    } finally {
      stray.kill('SIGKILL');
      await stray.exited;
    }
  });

  test('cspace answers inside, in the sandbox that was there and in the new one', async () => {
    for (const name of ['mercury', 'venus']) {
      const { code, stdout } = await world.cspace(['exec', name, '--', 'cspace', 'ls', '--json']);
      expect([code, JSON.parse(stdout).sandboxes.length]).toEqual([0, 2]);
    }
  });

  test('the daemon’s DNS answers on the gateway, asked from inside', async () => {
    for (const name of ['mercury', 'venus']) {
      for (const transport of ['udp', 'tcp'] as const) {
        const answer = await digInside(world, name, { name: 'venus.mend.cspace2.local', transport });
        expect(answer).toBe(addresses.venus ?? '?');
      }
      expect((await inside(name, 'getent ahostsv4 mercury.mend.cspace2.local')).stdout).toStartWith(
        `${addresses.mercury} `,
      );
    }
  });
});
