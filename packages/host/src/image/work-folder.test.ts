import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { getOwner } from '../system/owner.ts';
import { getMountPoints, removeTree, withWorkFolder } from './work-folder.ts';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'work-folder-')));
});
afterEach(() => rmSync(folder, { recursive: true }));

const owner = getOwner({});

test('withWorkFolder: a path without a symbolic link, gone afterwards', async () => {
  mkdirSync(join(folder, 'real'));
  symlinkSync(join(folder, 'real'), join(folder, 'link'));
  const used = await withWorkFolder({ cache: join(folder, 'link', 'cache'), owner }, async (path) => {
    writeFileSync(join(path, 'file'), '');
    return path;
  });
  expect(used.startsWith(join(folder, 'real', 'cache'))).toBe(true);
  expect(existsSync(used)).toBe(false);
});

test('withWorkFolder: gone after a failure too', async () => {
  const failed = withWorkFolder({ cache: folder, owner }, () => Promise.reject(new Error('no')));
  expect(failed).rejects.toThrow('no');
  await failed.catch(() => {});
  expect(readdirSync(folder)).toEqual([]);
});

test('withWorkFolder: removes what dead processes left, and only that', async () => {
  const dead = Bun.spawnSync(['true']).pid;
  for (const name of [`work-${dead}-aa`, `work-${process.pid}-bb`, 'bundles-cc'])
    mkdirSync(join(folder, name));
  await withWorkFolder({ cache: folder, owner }, async () => {});
  expect(readdirSync(folder).sort()).toEqual(['bundles-cc', `work-${process.pid}-bb`]);
});

test('removeTree: refuses where something is mounted below', async () => {
  const target = join(folder, 'a b');
  mkdirSync(target);
  const mounts = join(folder, 'mountinfo');
  const escaped = `${target}/dev/shm`.replaceAll(' ', '\\040');
  writeFileSync(mounts, `25 24 0:23 / ${escaped} rw,relatime - tmpfs tmpfs rw\n`);
  const error = await removeTree(target, mounts).catch((each) => each);
  expect(error).toBeInstanceOf(ProblemError);
  expect(error.problem.why).toBe(`${target}/dev/shm`);
  expect(existsSync(target)).toBe(true);
  await removeTree(target);
  expect(existsSync(target)).toBe(false);
});

test('getMountPoints: reads what this host has', async () => {
  expect(getMountPoints('22 27 0:21 / /proc rw - proc proc rw\n')).toEqual(['/proc']);
  expect(getMountPoints('')).toEqual([]);
});
