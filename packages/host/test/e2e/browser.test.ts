import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { join } from 'node:path';
import { createDnsmasqHost } from '../support/dnsmasq-host.ts';
import type { PrivateHost } from '../support/private-host.ts';
import { patient } from '../support/substrate-under-test.ts';
import { testUnless } from '../support/test-unless.ts';
import {
  followVisit,
  getBrowserObstacle,
  getVisitArgv,
  type Visit,
  type Visiting,
  type WantedPage,
} from '../support/visit-pages.ts';
import { addWebProjects, installPackages, startServer } from '../support/web-projects.ts';
import { createWorld, type World } from '../support/world.ts';

/** Made by the gate, before the lab: cspace's own image with Chromium, Playwright and the projects' packages. */
const image = process.env.CSPACE_TEST_WEB_IMAGE;
const obstacle = image === undefined ? 'no web image: npm test -- e2e makes it' : getBrowserObstacle();
if (obstacle !== undefined && process.env.CI === 'true') throw new Error(obstacle);
const test = testUnless(obstacle);

const NAME = 'mercury.shop.cspace2.local';
const PAGES = {
  vite: { url: `http://${NAME}:5173/`, hot: true },
  next: { url: `http://${NAME}:3000/`, hot: true },
  // Without a project in its name, with a label in front of it, and with no port.
  tls: { url: 'https://api.mercury.cspace2.local/', hot: false },
} satisfies Record<string, WantedPage>;
type Server = keyof typeof PAGES;
const PLACES = ['the host', 'venus', 'mercury itself'] as const;
type Place = (typeof PLACES)[number];

let host: PrivateHost;
let world: World;
const stops: (() => Promise<void>)[] = [];
const visitings = new Map<Place, Visiting>();

beforeAll(async () => {
  if (obstacle !== undefined) return;
  host = await createDnsmasqHost();
  world = createWorld({
    command: [...host.enter, process.execPath, join(import.meta.dir, '../../src/main.ts')],
    env: { CSPACE_TEST_IMAGE: image ?? '' },
  });
  addWebProjects(world);
  const install = world.cspace(['dns', 'install', '--yes', '--json']);
  expect(await install).toMatchObject({ code: 0 });
  expect(JSON.parse((await install).stdout)).toMatchObject({ form: 'dnsmasq' });
  for (const name of ['mercury', 'venus'])
    expect(await world.cspace(['up', name])).toMatchObject({ code: 0 });
  await Promise.all([
    installPackages(world, 'mercury', ['vite', 'next', 'playwright']),
    installPackages(world, 'venus', ['playwright']),
  ]);
  // As their own scripts start them: vite on `localhost`, next on all addresses.
  for (const [command, ready] of [
    ['cd vite && npm run dev', /Local: +http:\/\/localhost:5173/],
    ['cd next && NEXT_TELEMETRY_DISABLED=1 npm run dev', /Ready in/],
    ['sudo node tls/serve.mjs', /listening/],
  ] as const) {
    stops.push(await startServer(world, 'mercury', { command, ready }));
  }
  for (const place of PLACES) {
    const visiting = visit(place);
    visitings.set(place, visiting);
    await visiting.ready;
  }
  // One edit of each source, seen by all browsers at once.
  for (const source of ['vite/src/app.jsx', 'next/app/page.jsx']) await edit(source);
}, patient(300_000));

afterAll(async () => {
  await Promise.allSettled([...visitings.values()].map(({ visits }) => visits));
  await Promise.all(stops.map((stop) => stop()));
  await world?.cspace(['dns', 'uninstall']);
  await world?.dispose();
  await host?.dispose();
});

function visit(place: Place): Visiting {
  const pages = Object.values(PAGES);
  if (place === 'the host') {
    // No flag and no configuration of the browser's: names come from the host's resolver.
    const argv = [...host.enter, ...getVisitArgv(pages)];
    return followVisit(Bun.spawn(argv, { stdio: ['ignore', 'pipe', 'pipe'], timeout: patient(300_000) }));
  }
  const name = place === 'venus' ? 'venus' : 'mercury';
  const argv = getVisitArgv(pages, 'playwright/drive.mjs');
  return followVisit(world.start(['exec', name, '--', ...argv], { timeoutMs: 300_000 }));
}

/** Inside, where the agent's edits are made. */
async function edit(source: string): Promise<void> {
  const argv = ['sed', '-i', 's/first edition/second edition/', source];
  expect(await world.cspace(['exec', 'mercury', '--', ...argv])).toMatchObject({ code: 0 });
}

async function getVisit(place: Place, server: Server): Promise<Visit | undefined> {
  const visits = await visitings.get(place)?.visits;
  return visits?.find(({ url }) => url === PAGES[server].url);
}

describe.each(PLACES)('Chromium on %s', (place) => {
  test('vite: the page by its name, and an edit that leaves its state alone', () => seesEdit(place, 'vite'));
  test('next: the page by its name, and an edit that leaves its state alone', () => seesEdit(place, 'next'));

  test('a TLS server on 127.0.0.1:443 answers by a name in front of the sandbox’s, without a port', async () =>
    expect(await getVisit(place, 'tls')).toMatchObject({ first: 'shop by TLS', failures: [] }));
});

async function seesEdit(place: Place, server: Server): Promise<void> {
  const visit = await getVisit(place, server);
  expect(visit).toMatchObject({
    first: 'first edition',
    second: 'second edition',
    opened: 'once',
    failures: [],
    sockets: [{ closed: false }],
  });
  expect(visit?.buttonAfter).toBe(visit?.button);
  expect(visit?.button).toStartWith('clicked ');
  const [socket] = visit?.sockets ?? [];
  expect(socket?.url).toStartWith(PAGES[server].url.replace('http', 'ws'));
  expect(socket?.frames).toBeGreaterThan(0);
}
