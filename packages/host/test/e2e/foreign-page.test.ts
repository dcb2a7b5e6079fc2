import { afterAll, beforeAll, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPrivateHost, type PrivateHost } from '../support/private-host.ts';
import { patient } from '../support/substrate-under-test.ts';
import { testUnless } from '../support/test-unless.ts';
import { getBrowserObstacle } from '../support/visit-pages.ts';
import { WEB } from '../support/web-projects.ts';
import { createWorld, type World } from '../support/world.ts';

const obstacle = getBrowserObstacle();
if (obstacle !== undefined && process.env.CI === 'true') throw new Error(obstacle);
const test = testUnless(obstacle);

/** In every list of sandboxes that has ours in it. */
const SECRET = 'cspace/mercury';
const API = 'http://127.0.0.1:6280';
const PATH = '/sandboxes/shop/mercury';
/** The page's own name, which by now leads to this machine. */
const REBOUND = 'rebound.example';

interface Attack {
  /** By where the page was from, then by what it tried. */
  reads: Record<string, Record<string, string>>;
  statuses: number[];
}

let host: PrivateHost;
let world: World;
let token: string;
let attack: Attack;
let server: ReturnType<typeof Bun.serve> | undefined;
beforeAll(async () => {
  if (obstacle !== undefined) return;
  host = await createPrivateHost({ setup: `echo '127.0.0.1 ${REBOUND}' >>/etc/hosts` });
  world = createWorld();
  expect(await world.cspace(['up', 'mercury'])).toMatchObject({ code: 0 });
  token = readFileSync(join(world.home, 'http.token'), 'utf8').trim();
  server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () =>
      new Response('<!doctype html><link rel="icon" href="data:,"><h1>you have won</h1>', {
        headers: { 'content-type': 'text/html' },
      }),
  });
  const { port } = server;
  attack = await runAttack({
    pages: ['127.0.0.1', 'localhost', REBOUND].map((name) => `http://${name}:${port}/`),
    target: API,
    rebound: `http://${REBOUND}:6280`,
    path: PATH,
    token,
  });
}, patient(120_000));
afterAll(async () => {
  await server?.stop(true);
  await world?.dispose();
  await host?.dispose();
});

async function runAttack(job: Record<string, unknown>): Promise<Attack> {
  const script = join(WEB, 'playwright/attack.mjs');
  const { code, stdout, stderr } = await host.run(['node', script, JSON.stringify(job)]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const ask = (headers: Record<string, string>) => fetch(`${API}/sandboxes`, { headers });

test('a program with the token is answered: what the page tries to get is there to be got', async () => {
  const response = await ask({ authorization: `Bearer ${token}` });
  expect(response.status).toBe(200);
  expect(await response.text()).toContain(SECRET);
});

test('fault-17: a foreign page reads nothing of the API in Chromium, with the token or without', () => {
  expect(Object.keys(attack.reads)).toHaveLength(5);
  expect(Object.values(attack.reads).flatMap((tries) => Object.keys(tries))).toHaveLength(4 * 14 + 1);
  expect(JSON.stringify(attack.reads)).not.toContain(SECRET);
});

test('fault-17: after DNS rebinding, where the API is of the page’s own origin, its name is refused, token or not', () => {
  const { 'fetch with the token': withToken, 'POST with the token': post } = attack.reads.rebound ?? {};
  for (const read of [withToken, post]) expect(read).toMatch(/^basic 4\d\d .*wrong-host/);
});

test('fault-17: no request of a page is answered with more than a refusal', () => {
  expect(attack.statuses.length).toBeGreaterThan(10);
  expect(attack.statuses.filter((status) => status < 400)).toEqual([]);
});

test('fault-17: no try of a page has given the agent a turn', async () => {
  const logs = await world.cspace(['logs', 'mercury', '--json']);
  expect(logs.code).toBe(0);
  expect(logs.stdout).toContain('supervisor.started');
  expect(logs.stdout).not.toContain('turn.');
});
