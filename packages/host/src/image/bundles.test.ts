import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { getOwner } from '../system/owner.ts';
import { getInstallArgs } from './bundle.ts';
import { findBundleCache } from './bundle-cache.ts';
import { ensureBundles, getBundlesKey, readSources } from './bundles.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'image-bundles-'));
  for (const path of ['package.json', 'package-lock.json']) write(path, '{}');
  for (const name of ['protocol', 'host', 'supervisor']) {
    write(`packages/${name}/package.json`, '{}');
    write(`packages/${name}/src/main.ts`, 'export {};');
  }
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const getKey = async () => getBundlesKey(await readSources(root));
const getOptions = () => ({
  root,
  cache: join(root, 'cache'),
  owner: getOwner({}),
  signal: AbortSignal.timeout(10_000),
  onProgress: () => {},
});

test.each([
  'package-lock.json',
  'packages/host/src/new.ts',
  'packages/protocol/src/main.ts',
  'packages/supervisor/package.json',
])('getBundlesKey: another one when %s changes', async (path) => {
  const before = await getKey();
  write(path, '{"changed":true}');
  expect(await getKey()).not.toBe(before);
});

test('getBundlesKey: the same when only a test changes, another one with another Bun', async () => {
  const before = await getKey();
  write('packages/host/src/main.test.ts', 'changed');
  expect(await getKey()).toBe(before);
  expect(getBundlesKey(await readSources(root), '0.0.1')).not.toBe(before);
});

test('ensureBundles: reads what was made before, and runs nothing', async () => {
  write(`cache/bundles-${await getKey()}/cspace.js`, 'made before');
  const bundles = await ensureBundles(getOptions());
  expect(new TextDecoder().decode(bundles.get('cspace.js'))).toBe('made before');
});

test('ensureBundles: sources that cannot be bundled are image-build-failed and leave nothing', async () => {
  write('packages/host/package.json', 'no json');
  const error = await ensureBundles(getOptions()).catch((each) => each);
  expect(error.problem?.code).toBe('image-build-failed');
  expect(error.problem.why).not.toBe('');
  expect(readdirSync(join(root, 'cache'))).toEqual(['packages']);
});

test('getInstallArgs: neither optional packages nor scripts', () => {
  expect(getInstallArgs()).toContain('--omit=optional');
  expect(getInstallArgs()).toContain('--ignore-scripts');
  expect(getInstallArgs()).toContain('--frozen-lockfile');
});

test('findBundleCache: beside the packages of the checkout, else in the home', async () => {
  const home = { cache: '/home-cache', owner: { uid: 5, gid: 6 } };
  expect(await findBundleCache(root, home)).toEqual(home);
  mkdirSync(join(root, 'node_modules'));
  expect((await findBundleCache(root, home)).cache).toBe(join(root, 'node_modules/.cache/cspace'));
});
