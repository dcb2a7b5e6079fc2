import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { createSocket } from 'node:dgram';
import { dig, NO_DIG } from '../support/dig.ts';
import { digInside } from '../support/dig-inside.ts';
import { getMachineHand } from '../support/machine-hand.ts';
import { ADDRESS, getGateway } from '../support/substrate-under-test.ts';
import { testUnless } from '../support/test-unless.ts';
import { createWorld, getDaemonPid, isAlive, type World, waitUntil } from '../support/world.ts';

const test = testUnless(NO_DIG);
const PORT = 5354;
const MERCURY = 'mercury.named.cspace2.local';

let world: World;
let address: string;
beforeAll(async () => {
  world = createWorld({ project: 'named' });
  expect(await world.cspace(['up', 'mercury'])).toMatchObject({ code: 0 });
  address = await getAddress();
});
afterAll(() => world.dispose());

async function getAddress(): Promise<string> {
  const { sandboxes } = JSON.parse((await world.cspace(['ls', '--json'])).stdout);
  return sandboxes[0].address;
}

/** The address that a name has, or the code where there is none. */
async function look(name: string, { server = '127.0.0.1', args = [] as string[] } = {}): Promise<string> {
  const { answer, status } = await dig(PORT, [name, ...args], server);
  return answer[0]?.split(' ').at(-1) ?? status;
}

async function killDaemon(): Promise<void> {
  const pid = getDaemonPid(world.home) ?? 0;
  process.kill(pid, 'SIGKILL');
  await waitUntil('the daemon is gone', () => !isAlive(pid));
}

describe('the name of a sandbox', () => {
  test('is its address on the host, by UDP and TCP, in full and short, with anything in front', async () => {
    for (const name of [MERCURY, 'mercury.named.cspace.test', 'mercury.cspace2.local', `api.${MERCURY}`]) {
      expect(await look(name)).toBe(address);
      expect(await look(name, { args: ['+tcp'] })).toBe(address);
    }
    expect(await look('-x', { args: [address] })).toBe(`${MERCURY}.`);
  });

  test('is the same on the gateway, asked from inside', async () => {
    for (const transport of ['udp', 'tcp'] as const)
      expect(await digInside(world, 'mercury', { name: MERCURY, transport })).toBe(address);
  });

  test('trap-13: has no AAAA, which is no reason to think that it does not exist', async () => {
    expect(await look(MERCURY, { args: ['AAAA'] })).toBe('NOERROR');
    expect(await look('venus.named.cspace2.local', { args: ['AAAA'] })).toBe('NXDOMAIN');
  });

  test('is back as soon as a new daemon answers, after kill -9', async () => {
    await killDaemon();
    expect(await look(MERCURY)).not.toBe(address);
    expect(await world.cspace(['ls'])).toMatchObject({ code: 0 });
    expect(await look(MERCURY)).toBe(address);
    expect(await look(MERCURY, { server: getGateway(address) })).toBe(address);
  });

  test('trap-12: does not lead to an address whose machine ended while no daemon ran', async () => {
    await killDaemon();
    await getMachineHand(world, 'named', 'mercury').kill();
    const seen = new Set<string>();
    const listing = world.cspace(['ls', '--json']);
    const watch = setInterval(async () => seen.add(await look(MERCURY, { args: ['+time=1'] })), 50);
    await listing;
    clearInterval(watch);
    expect(await look(MERCURY)).toBe('NOERROR');
    expect([...seen]).not.toContain(address);
  });

  test('comes and goes with up, down and rm', async () => {
    expect(await world.cspace(['up', 'mercury'])).toMatchObject({ code: 0 });
    expect(await look(MERCURY)).toBe(await getAddress());
    expect(await world.cspace(['down', 'mercury'])).toMatchObject({ code: 0 });
    expect(await look(MERCURY)).toBe('NOERROR');
    expect(await world.cspace(['rm', '--force', 'mercury'])).toMatchObject({ code: 0 });
    expect(await look(MERCURY)).toBe('NXDOMAIN');
  });
});

describe('a port that somebody else has', () => {
  test('fault-11: ls works, up fails at once and names who has it', async () => {
    expect(await world.cspace(['daemon', 'stop'])).toMatchObject({ code: 0 });
    await waitUntil('it has left', () => !isAlive(getDaemonPid(world.home) ?? 0));
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(PORT, '127.0.0.1', () => resolve()));
    try {
      expect(await world.cspace(['ls'])).toMatchObject({ code: 0 });
      const up = await world.cspace(['up', 'venus']);
      expect(up.code).toBe(3);
      expect(up.stderr.replace(/\s+/g, ' ')).toContain(`(pid ${process.pid})`);
      expect(up.stderr).toContain('"dns"');
    } finally {
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    }
    // Nothing to do but to try again: the daemon is the same.
    expect(await world.cspace(['up', 'venus'])).toMatchObject({ code: 0 });
    expect(await look('venus.cspace2.local')).toMatch(ADDRESS);
  });
});
