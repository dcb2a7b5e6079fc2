import { afterEach, beforeEach, expect, test } from 'bun:test';
import { appendFileSync } from 'node:fs';
import { chmod, link, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { editFile } from './edit-file.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cspace-edit-'));
  path = join(folder, 'hosts');
  await writeFile(path, 'one\n');
});
afterEach(() => rm(folder, { recursive: true }));

const add = (line: string) => editFile(path, (text) => `${text}${line}\n`);
const read = () => readFile(path, 'utf8');

test('editFile keeps the mode and leaves nothing beside', async () => {
  await chmod(path, 0o640);
  await add('two');
  expect(await read()).toBe('one\ntwo\n');
  expect((await stat(path)).mode & 0o777).toBe(0o640);
  expect(await readdir(folder)).toEqual(['hosts']);
});

test('editFile goes through a symbolic link, which stays one', async () => {
  const name = join(folder, 'link');
  await symlink('hosts', name);
  await editFile(name, () => 'new\n');
  expect(await read()).toBe('new\n');
  expect((await readdir(folder)).sort()).toEqual(['hosts', 'link']);
});

test('editFile of a file with two names changes both', async () => {
  const other = join(folder, 'other');
  await link(path, other);
  await editFile(path, () => 'x\n');
  expect(await readFile(other, 'utf8')).toBe('x\n');
  expect((await stat(path)).nlink).toBe(2);
});

test('editFile keeps bytes that are no UTF-8', async () => {
  await writeFile(path, Buffer.from([0xff, 0x0a]));
  await add('two');
  expect([...(await readFile(path))]).toEqual([0xff, 0x0a, ...Buffer.from('two\n')]);
});

test('editFile without a change does not touch it', async () => {
  const before = await stat(path);
  await editFile(path, (text) => text);
  expect((await stat(path)).ino).toBe(before.ino);
});

test('editFile takes in what somebody wrote meanwhile', async () => {
  let calls = 0;
  await editFile(path, (text) => {
    calls += 1;
    // As an editor does: between our reading and our writing.
    if (calls === 1) appendFileSync(path, 'theirs\n');
    return `${text}ours\n`;
  });
  expect(await read()).toBe('one\ntheirs\nours\n');
});

test('editFile removes what a killed call left', async () => {
  await writeFile(join(folder, '.hosts.cspace'), 'half');
  await editFile(path, (text) => text);
  expect(await readdir(folder)).toEqual(['hosts']);
});
