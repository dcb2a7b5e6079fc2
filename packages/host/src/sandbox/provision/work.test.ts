import { expect, test } from 'bun:test';
import { existsSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { commitFile, sh, useTempFolder } from '../../git/testing.ts';
import { getViewsFolder } from './clone-view.ts';
import { getProblem, makeSandboxClone } from './testing.ts';
import { findUniqueWork } from './work.ts';

const temp = useTempFolder();
const make = () => makeSandboxClone(temp());
const NOTHING = { commits: 0, stashes: 0, changed: [], untracked: [] };

test('findUniqueWork: a fresh clone holds nothing', async () => {
  const { work, path } = await make();
  expect(await work()).toEqual(NOTHING);
  expect(existsSync(getViewsFolder(path))).toBe(false);
});

test('findUniqueWork: a clone that is gone, or empty, holds nothing', async () => {
  const { work, path } = await make();
  rmSync(path, { recursive: true });
  expect(await work()).toEqual(NOTHING);
  mkdirSync(path);
  expect(await work()).toEqual(NOTHING);
});

test('findUniqueWork counts commits of every branch, tag and detached HEAD until they are fetched', async () => {
  const { work, fetch, path } = await make();
  commitFile(path, 'a', 'a');
  expect(await work()).toEqual({ ...NOTHING, commits: 1 });
  await fetch();
  expect(await work()).toEqual(NOTHING);
  sh(path, 'checkout', '--quiet', '-b', 'other');
  commitFile(path, 'b', 'b');
  sh(path, 'checkout', '--quiet', '--detach');
  commitFile(path, 'c', 'c');
  sh(path, 'tag', '-a', '-m', 'kept', 'kept');
  sh(path, 'reset', '--quiet', '--hard', 'HEAD~1');
  commitFile(path, 'd', 'd');
  expect(await work()).toEqual({ ...NOTHING, commits: 3 });
  sh(path, 'pack-refs', '--all');
  sh(path, 'gc', '--quiet');
  expect(await work()).toEqual({ ...NOTHING, commits: 3 });
});

test('findUniqueWork: a commit at the HEAD of a linked work tree counts', async () => {
  const { work, path, folder } = await make();
  sh(path, 'worktree', 'add', '--quiet', '--detach', join(folder, 'linked'));
  commitFile(join(folder, 'linked'), 'x', 'x');
  expect((await work()).commits).toBe(1);
});

test('findUniqueWork: what was pushed to a remote is elsewhere', async () => {
  const { work, path, folder } = await make();
  sh(folder, 'init', '--quiet', '--bare', 'origin.git');
  sh(path, 'remote', 'add', 'origin', join(folder, 'origin.git'));
  commitFile(path, 'a', 'a');
  sh(path, 'push', '--quiet');
  expect(await work()).toEqual(NOTHING);
});

test('findUniqueWork: commits that the host has merged into a later one, branch gone, are not unique', async () => {
  const { work, fetch, path, repository } = await make();
  commitFile(path, 'a', 'a');
  await fetch();
  commitFile(repository, 'b', 'b');
  sh(repository, 'merge', '--quiet', '--no-edit', 'cspace/mercury');
  sh(repository, 'branch', '--quiet', '-D', 'cspace/mercury');
  expect(await work()).toEqual(NOTHING);
});

test('findUniqueWork: without the host repository every commit is unique', async () => {
  const { work, repository } = await make();
  renameSync(repository, `${repository}.away`);
  expect((await work()).commits).toBe(1);
  mkdirSync(repository);
  expect((await work()).commits).toBe(1);
});

test('findUniqueWork counts stashes, also those below the last', async () => {
  const { work, path } = await make();
  for (const text of ['1', '2']) {
    writeFileSync(join(path, 'README.md'), text);
    sh(path, 'stash', '--quiet');
  }
  expect(await work()).toEqual({ ...NOTHING, stashes: 2 });
});

test('findUniqueWork lists changed and untracked files by their exact names, ignored ones not', async () => {
  const { work, path } = await make();
  commitFile(path, '.gitignore', 'build/\n');
  const odd = 'a \n"ü\u001b[31m';
  commitFile(path, odd, '1');
  writeFileSync(join(path, odd), '2');
  rmSync(join(path, 'README.md'));
  mkdirSync(join(path, 'build'));
  writeFileSync(join(path, 'build/x'), '');
  writeFileSync(join(path, ' new'), '');
  mkdirSync(join(path, 'folder'));
  writeFileSync(join(path, 'folder/y'), '');
  writeFileSync(join(path, 'staged'), '');
  sh(path, 'add', 'staged');
  const { changed, untracked } = await work();
  expect(changed.sort()).toEqual(['README.md', odd, 'staged'].sort());
  expect(untracked.sort()).toEqual([' new', 'folder/']);
});

test('findUniqueWork honours the exclude file of the clone', async () => {
  const { work, path } = await make();
  mkdirSync(join(path, '.git/info'), { recursive: true });
  writeFileSync(join(path, '.git/info/exclude'), 'mine\n');
  writeFileSync(join(path, 'mine'), '');
  expect(await work()).toEqual(NOTHING);
});

test('findUniqueWork sees a change of the same size in the second the index was written', async () => {
  const { work, path } = await make();
  const at = Math.floor(Date.now() / 1000) - 100;
  utimesSync(join(path, 'README.md'), at, at);
  sh(path, 'add', 'README.md');
  writeFileSync(join(path, 'README.md'), 'HELLO\n');
  utimesSync(join(path, 'README.md'), at, at);
  utimesSync(join(path, '.git/index'), at, at);
  expect((await work()).changed).toEqual(['README.md']);
});

test('findUniqueWork works for shallow and SHA-256 repositories, and odd paths', async () => {
  const folder = join(temp(), 'ö "odd"\n place');
  mkdirSync(folder);
  sh(folder, 'init', '--quiet', '--object-format=sha256', 'wide');
  commitFile(join(folder, 'wide'), 'a', 'a');
  const wide = await makeSandboxClone(folder, join(folder, 'wide'));
  commitFile(wide.path, 'b', 'b');
  expect(await wide.work()).toEqual({ ...NOTHING, commits: 1 });
  await wide.fetch();
  expect(await wide.work()).toEqual(NOTHING);

  const second = temp();
  const deep = join(second, 'deep');
  sh(second, 'init', '--quiet', deep);
  for (const name of ['1', '2', '3']) commitFile(deep, name, name);
  sh(second, 'clone', '--quiet', '--depth=1', `file://${deep}`, join(second, 'shallow'));
  const shallow = await makeSandboxClone(second, join(second, 'shallow'));
  const commit = commitFile(shallow.path, 'b', 'b');
  expect(await shallow.work()).toEqual({ ...NOTHING, commits: 1 });
  expect((await shallow.fetch()).commit).toBe(commit);
});

test('findUniqueWork says so where it cannot tell, and never takes that for nothing', async () => {
  for (const spoil of ['.git', '.git/objects', '.git/refs']) {
    const { work, path } = await make();
    renameSync(join(path, spoil), join(path, 'away'));
    expect((await getProblem(work())).code).toBe('sandbox-broken');
  }
  const { work, path } = await make();
  writeFileSync(join(path, '.git/index'), 'garbage');
  expect((await getProblem(work())).code).toBe('sandbox-broken');
});

test('findUniqueWork: FIFOs in place of what is read cost a deadline at most', async () => {
  for (const file of [
    '.git/index',
    '.git/HEAD',
    '.git/packed-refs',
    '.git/info/exclude',
    '.git/shallow',
    '.git/refs/heads/x',
    '.git/objects/info/alternates',
  ]) {
    const { work, path } = await make();
    mkdirSync(dirname(join(path, file)), { recursive: true });
    rmSync(join(path, file), { force: true });
    Bun.spawnSync(['mkfifo', join(path, file)]);
    const started = Date.now();
    await work().catch(() => undefined);
    expect(Date.now() - started).toBeLessThan(5000);
  }
  const { work, path } = await make();
  Bun.spawnSync(['mkfifo', join(path, '.gitignore')]);
  expect(await getProblem(work({ timeoutMs: 500 }))).toMatchObject({
    code: 'sandbox-broken',
    why: 'git did not end in time',
  });
});

test('findUniqueWork ends when it is cancelled', async () => {
  const { path, repository, branch } = await make();
  Bun.spawnSync(['mkfifo', join(path, '.gitignore')]);
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const signal = AbortSignal.timeout(300);
  const problem = await getProblem(findUniqueWork({ clone: path, repository, branch, owner, signal }));
  expect(problem.code).toBe('interrupted');
});
