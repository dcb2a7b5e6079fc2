// Memory templates in daily use: whose supervisors are whose, and what is not in a template.
import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getHomeLabel } from '../../src/substrate/labels.ts';
import { getTemplatesFolder } from '../../src/substrate/qemu/template/store.ts';
import { getPaths, getSshPaths, getVmFiles, getVmStateFolder, getVmStore } from '../../src/system/paths.ts';
import { findTexts } from '../support/find-texts.ts';
import { testUnless } from '../support/test-unless.ts';
import { createWorld, type World, waitUntil } from '../support/world.ts';

const reason = process.arch === 'x64' ? undefined : 'microVMs are for x86-64';
/** Guests are emulated, beside other suites. */
const PATIENCE_MS = 300_000;
const test = (name: string, body: () => Promise<unknown>) => testUnless(reason)(name, body, PATIENCE_MS);
/** Names that nothing has that a guest could have read. */
const PROJECT = 'quarry-4c1d';
const FIRST = 'granite-4c1d';
const LATER = ['basalt-4c1d', 'marble-4c1d'];
/** None for a model: its turns are the practice model's. */
const CANARIES = { GH_TOKEN: 'github_pat_canary9b2e7a' };

let world: World;
let store: string;
beforeAll(() => {
  world = createWorld({ project: PROJECT, substrate: 'qemu' });
  // Templates of the suite's own, made of what the host has.
  store = join(world.folder, 'store');
  mkdirSync(store);
  for (const name of readdirSync(getVmStore(process.env.CSPACE_TEST_VM_STORE)).filter((each) =>
    /^(kit|root|empty|image)-/.test(each),
  ))
    symlinkSync(join(getVmStore(process.env.CSPACE_TEST_VM_STORE), name), join(store, name));
  const secrets = Object.entries(CANARIES).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(world.home, 'secrets.env'), secrets.join(''), { mode: 0o600 });
});
afterAll(() => world.dispose(), PATIENCE_MS);

const cspace = (...args: string[]) => world.cspace(args, { env: { CSPACE_TEST_VM_STORE: store } });
const listTemplates = () => {
  const folder = getTemplatesFolder(store);
  return readdirSync(folder).flatMap((name) => (/^[0-9a-f]{64}$/.test(name) ? [join(folder, name)] : []));
};
const getSpans = (stderr: string) =>
  [...stderr.matchAll(/^([a-z]+) +[\d.]+ +[\d.]+$/gm)].map(([, span]) => span);
const readEvents = (name: string) =>
  readFileSync(getPaths(world.home).events({ project: PROJECT, sandbox: name }), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('memory templates', () => {
  test('up: the first one boots, later ones are restored, and --timings says so', async () => {
    const first = await cspace('up', FIRST, '--timings');
    expect(first).toMatchObject({ code: 0 });
    expect(getSpans(first.stderr)).toContain('start');
    await waitUntil('the template', () => listTemplates().length === 1, 200_000);
    for (const name of LATER) {
      const up = await cspace('up', name, '--timings');
      expect(up).toMatchObject({ code: 0 });
      expect(getSpans(up.stderr)).toContain('restore');
      expect(getSpans(up.stderr)).not.toContain('start');
    }
  });

  test('supervisors of one template have random numbers, clocks and names of their own', async () => {
    const ids: Set<string>[] = [];
    for (const name of LATER) {
      const before = Date.now();
      const sent = await cspace('send', name, '--follow', 'run: uname -n; cat .git/HEAD');
      expect(sent).toMatchObject({ code: 0 });
      expect(sent.stdout).toContain(`${name}\n`);
      expect(sent.stdout).toContain(`refs/heads/cspace/${name}`);
      const turns = readEvents(name).filter(({ type }) => type === 'turn.queued');
      expect(turns).toHaveLength(1);
      const at = Date.parse(turns[0].at);
      expect(at).toBeGreaterThan(before - 1000);
      expect(at).toBeLessThan(Date.now() + 1000);
      ids.push(new Set(readEvents(name).flatMap(({ turn, session }) => [turn, session].filter(Boolean))));
    }
    const [one = new Set(), other = new Set()] = ids;
    expect(one.size).toBeGreaterThan(1);
    expect([...one].filter((id) => other.has(id))).toEqual([]);
  });

  test('nothing secret is in a template: tokens, credentials, keys, names', async () => {
    const [folder = ''] = listTemplates();
    const secrets = [...Object.values(CANARIES), FIRST, ...LATER, PROJECT, ...readSecrets()];
    expect(secrets.length).toBeGreaterThan(15);
    for (const file of readdirSync(folder))
      expect([file, await findTexts(join(folder, file), secrets)]).toEqual([file, []]);
    // They would have been found: the supervisor is there, loaded.
    expect(await findTexts(join(folder, 'ram'), ['cspace-supervisor'])).toEqual(['cspace-supervisor']);
  });
});

/** All that the home and its machines have of tokens and keys. */
function readSecrets(): string[] {
  const found = [readFileSync(getPaths(world.home).httpToken, 'utf8').trim()];
  for (const sandbox of [FIRST, ...LATER]) {
    const run = getPaths(world.home).machineRun({ project: PROJECT, sandbox });
    for (const file of ['api.token', 'supervisor.env'])
      found.push(...[...readFileSync(join(run, file), 'utf8').matchAll(/[\w-]{20,}/g)].map(([text]) => text));
  }
  const state = getVmStateFolder(getHomeLabel(world.home));
  for (const id of readdirSync(state)) {
    const { key, hostKey } = getSshPaths(getVmFiles(state, id).folder);
    for (const path of [key, hostKey]) found.push(readFileSync(path, 'utf8').split('\n')[2] ?? '');
  }
  return found.filter((text) => !text.startsWith('CSPACE_'));
}
