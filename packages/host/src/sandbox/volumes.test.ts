import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testUnless } from '../../test/support/test-unless.ts';
import { makeRecord } from '../dns/testing.ts';
import { getOwner } from '../system/owner.ts';
import { getPaths } from '../system/paths.ts';
import type { House } from './house.ts';
import { ensureVolumeFolders, getVolumeTargets } from './volumes.ts';

let home = '';
let clone = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'cspace-volumes-'));
  clone = getPaths(home).clone({ project: 'shop', sandbox: 'mercury' });
  mkdirSync(clone, { recursive: true });
});
afterEach(() => rmSync(home, { recursive: true }));

const ensure = (...volumes: string[]) =>
  ensureVolumeFolders(
    { paths: getPaths(home), owner: getOwner({}) } as unknown as House,
    makeRecord('shop/mercury', { volumes }),
  );

test('getVolumeTargets: below the clone inside', () =>
  expect(getVolumeTargets({ volumes: ['node_modules'] })).toEqual(['/workspace/node_modules']));
test('ensureVolumeFolders makes empty folders, and leaves those that are there', async () => {
  mkdirSync(join(clone, 'packages'));
  writeFileSync(join(clone, 'packages/file'), '');
  await ensure('packages/web/node_modules', 'dist');
  expect(readdirSync(clone, { recursive: true }).sort()).toEqual([
    'dist',
    'packages',
    'packages/file',
    'packages/web',
    'packages/web/node_modules',
  ]);
  await ensure('packages/web/node_modules');
});
testUnless(process.getuid?.() === 0 ? undefined : 'needs root')(
  'ensureVolumeFolders: one that the guest’s root has made is the owner’s then',
  async () => {
    const folder = join(clone, 'node_modules');
    mkdirSync(folder);
    chownSync(folder, 231_072, 231_072);
    await ensureVolumeFolders(
      { paths: getPaths(home), owner: { uid: 1501, gid: 1502 } } as unknown as House,
      makeRecord('shop/mercury', { volumes: ['node_modules'] }),
    );
    expect([lstatSync(folder).uid, lstatSync(folder).gid]).toEqual([1501, 1502]);
  },
);
test('ensureVolumeFolders: git sees nothing of it', async () => {
  const git = (...args: string[]) =>
    Bun.spawnSync(['git', ...args], {
      cwd: clone,
      env: { PATH: process.env.PATH ?? '', HOME: home },
      timeout: 9000,
    });
  git('init', '-q');
  await ensure('packages/web/node_modules');
  expect(git('status', '--porcelain', '--untracked-files=all').stdout.toString()).toBe('');
});
test.each([
  ['the folder itself', 'node_modules', 'node_modules'],
  ['one above it', 'packages', 'packages/web/node_modules'],
])('trap-41: ensureVolumeFolders never goes through a link: %s', async (_, link, volume) => {
  const outside = join(home, 'outside');
  mkdirSync(outside);
  symlinkSync(outside, join(clone, link));
  await expect(ensure(volume)).rejects.toThrow(
    `the volume ${volume} cannot be put into the clone of mercury`,
  );
  expect(readdirSync(outside)).toEqual([]);
  expect(lstatSync(join(clone, link)).isSymbolicLink()).toBe(true);
});
test('ensureVolumeFolders: nor over a file', async () => {
  writeFileSync(join(clone, 'dist'), '');
  await expect(ensure('dist')).rejects.toThrow('cannot be put');
});
