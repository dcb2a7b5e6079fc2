import { afterAll, beforeAll, expect } from 'bun:test';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { getRecord } from '../support/fake-house.ts';
import { testUnless } from '../support/test-unless.ts';
import { createWorld, getDaemonPid, isAlive, type World, waitUntil } from '../support/world.ts';

const reason =
  process.getuid?.() !== 0
    ? 'needs root'
    : process.env.CSPACE_LAB === undefined
      ? 'listens on ports of its own: run it by scripts/lab'
      : undefined;
const test = testUnless(reason);

const MAIN = resolve(import.meta.dir, '../../src/main.ts');
const SANDBOXES = 1000;
/** Of a project; more would be no other case. */
const IN_PROJECT = 50;
const ROUNDS = 7;
/** What `ls` of a thousand may take, by what `ls` of one takes: starting the CLI is most of both. */
const TIMES_LONGER = 3;

const names = Array.from(
  { length: SANDBOXES },
  (_, n) => `p${Math.floor(n / IN_PROJECT)}/s${n % IN_PROJECT}` as const,
);

let many: World;
let one: World;
beforeAll(async () => {
  if (reason !== undefined) return;
  many = makeWorld(names, 7);
  one = makeWorld(names.slice(0, 1), 8);
  // The daemons are started once, and then stay.
  for (const world of [many, one]) expect(await world.cspace(['ls'])).toMatchObject({ code: 0 });
});
afterAll(async () => {
  for (const world of [many, one]) if (world) await end(world);
});

/** A home in which sandboxes are registered that do not run. */
function makeWorld(registered: readonly string[], n: number): World {
  const config = {
    bridge: `cstest${n}`,
    subnet: `10.211.${n}.0/24`,
    ports: { http: 6380 + n, dns: 5454 + n },
  };
  const world = createWorld({ config });
  for (const name of registered) {
    const record = { ...getRecord(name, null), state: 'stopped' };
    const folder = join(world.home, 'registry', record.project);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${record.sandbox}.json`), JSON.stringify(record));
  }
  return world;
}

/** Without removing a thousand sandboxes one by one, of which nothing but the record is there. */
async function end(world: World): Promise<void> {
  const pid = getDaemonPid(world.home);
  await world.cspace(['daemon', 'stop']);
  await waitUntil('the daemon has left', () => pid === undefined || !isAlive(pid));
  rmSync(world.folder, { recursive: true, force: true });
}

async function timeLs(world: World): Promise<number> {
  const start = performance.now();
  expect((await world.cspace(['ls'])).code).toBe(0);
  return performance.now() - start;
}

test('ls --json of a thousand has all of them, however slowly it is read', async () => {
  // More than a pipe holds, and nobody reads it until the CLI would like to have ended.
  const child = Bun.spawn(
    ['sh', '-c', '"$@" | { sleep 2; cat; }', 'sh', process.execPath, MAIN, 'ls', '--json'],
    { env: { PATH: process.env.PATH, HOME: many.folder, CSPACE_HOME: many.home }, timeout: 30_000 },
  );
  const text = await new Response(child.stdout).text();
  expect(text.length).toBeGreaterThan(128 * 1024);
  const { sandboxes } = JSON.parse(text) as { sandboxes: { project: string; sandbox: string }[] };
  expect(sandboxes.map(({ project, sandbox }) => `${project}/${sandbox}`).toSorted()).toEqual(
    [...names].toSorted(),
  );
});

test('ls of a thousand has a line for each, and takes about as long as of one', async () => {
  expect((await many.cspace(['ls'])).stdout.trimEnd().split('\n')).toHaveLength(SANDBOXES + 1);
  const times: { many: number; one: number }[] = [];
  // In turns, so that a busy machine is as busy for both; the fastest of each, which others disturbed least.
  for (let n = 0; n < ROUNDS; n += 1) times.push({ many: await timeLs(many), one: await timeLs(one) });
  const ofMany = Math.min(...times.map(({ many }) => many));
  const ofOne = Math.min(...times.map(({ one }) => one));
  expect(ofMany / ofOne).toBeLessThan(TIMES_LONGER);
});
