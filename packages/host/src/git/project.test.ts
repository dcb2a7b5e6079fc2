import { expect, test } from 'bun:test';
import { chownSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { findRepository, getHeadCommit, resolveProjectName } from './project.ts';
import { commitFile, makeRepository, SELF, sh, useTempFolder } from './testing.ts';

const temp = useTempFolder();
const find = (cwd: string, owner = SELF) => findRepository(cwd, { owner });

async function getProblem(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (error instanceof ProblemError) return error.problem;
  throw new Error(`no problem: ${String(error)}`);
}

test('findRepository: anywhere in a work tree', async () => {
  const repository = makeRepository(temp());
  mkdirSync(join(repository, 'a/b'), { recursive: true });
  for (const cwd of [repository, join(repository, 'a/b')]) {
    expect(await find(cwd)).toEqual({ repository, source: repository, gitDir: join(repository, '.git') });
  }
});

test('findRepository: spaces, quotes, line ends and other letters in paths', async () => {
  const folder = join(temp(), ' my "ö"\n\t$(id) ');
  mkdirSync(folder);
  const repository = makeRepository(folder, 'end\n');
  expect(await find(repository)).toMatchObject({ repository, source: repository });
});

test('findRepository: a linked work tree has the main one as its repository', async () => {
  const folder = temp();
  const repository = makeRepository(folder);
  const source = join(folder, 'linked\ntree');
  sh(repository, 'worktree', 'add', '--quiet', '-b', 'linked', source);
  expect(await find(source)).toEqual({ repository, source, gitDir: join(repository, '.git') });
});

test('findRepository: a work tree of a bare repository, which is what it is known by', async () => {
  const folder = temp();
  const made = makeRepository(folder, 'made');
  const bare = join(folder, 'shop.git');
  sh(folder, 'clone', '--quiet', '--bare', made, bare);
  sh(bare, 'worktree', 'add', '--quiet', join(folder, 'tree'));
  const found = await find(join(folder, 'tree'));
  expect(found).toEqual({ repository: bare, source: join(folder, 'tree'), gitDir: bare });
  expect(resolveProjectName(found.repository)).toBe('shop');
});

test('findRepository: a git folder elsewhere', async () => {
  const folder = temp();
  const source = join(folder, 'shop');
  sh(folder, 'init', '--quiet', `--separate-git-dir=${join(folder, 'away')}`, source);
  expect(await find(source)).toEqual({ repository: source, source, gitDir: join(folder, 'away') });
});

test('findRepository: outside of one', async () => {
  const folder = temp();
  for (const cwd of [folder, join(folder, 'missing')]) {
    expect(await getProblem(find(cwd))).toMatchObject({
      code: 'not-a-repository',
      message: `not in a git repository: ${cwd}`,
      fix: expect.stringContaining('git init'),
    });
  }
});

test('findRepository: a bare one, and the inside of a git folder', async () => {
  const folder = temp();
  sh(folder, 'init', '--quiet', '--bare', 'bare.git');
  expect(await getProblem(find(join(folder, 'bare.git')))).toMatchObject({
    code: 'repository-unusable',
    message: `a bare repository has no work tree: ${join(folder, 'bare.git')}`,
  });
  const repository = makeRepository(folder);
  expect(await getProblem(find(join(repository, '.git')))).toMatchObject({
    code: 'repository-unusable',
    fix: `cd ${repository}`,
  });
});

test('findRepository: reached through a link, it is the real one', async () => {
  const folder = temp();
  const repository = makeRepository(folder);
  symlinkSync(repository, join(folder, 'link'));
  expect((await find(join(folder, 'link'))).repository).toBe(repository);
});

test('findRepository: as root for the owner behind sudo, whose repository git would refuse to root', async () => {
  if (SELF.uid !== 0) return console.log('skipped: only root can run as another user');
  const folder = temp();
  const owner = { uid: 12345, gid: 12345 };
  chownSync(folder, owner.uid, owner.gid);
  const repository = makeRepository(folder);
  Bun.spawnSync(['chown', '-R', '12345:12345', repository]);
  expect((await find(repository, owner)).repository).toBe(repository);
  const refused = await getProblem(find(repository, { uid: 54321, gid: 54321 }));
  expect(refused.code).toMatch(/^(repository-unusable|not-a-repository)$/);
  const asRoot = await getProblem(find(repository));
  expect(asRoot).toMatchObject({
    code: 'repository-unusable',
    fix: `git config --global --add safe.directory ${repository}`,
  });
});

test('findRepository takes no GIT_DIR of the caller’s for the answer', async () => {
  const folder = temp();
  const repository = makeRepository(folder);
  const other = makeRepository(folder, 'other');
  process.env.GIT_DIR = join(other, '.git');
  try {
    expect((await find(repository)).repository).toBe(repository);
  } finally {
    delete process.env.GIT_DIR;
  }
});

test('getHeadCommit: the commit, or a word on what to do without one', async () => {
  const folder = temp();
  const repository = makeRepository(folder);
  const commit = commitFile(repository, 'a', 'a');
  expect(await getHeadCommit(await find(repository), { owner: SELF })).toBe(commit);
  sh(folder, 'init', '--quiet', 'empty');
  const empty = await find(join(folder, 'empty'));
  expect(await getProblem(getHeadCommit(empty, { owner: SELF }))).toMatchObject({
    code: 'repository-unusable',
  });
});

test('resolveProjectName: configured, else made of the folder', () => {
  for (const [folder, configured, expected] of [
    ['/src/My Shop_2', undefined, 'my-shop-2'],
    ['/src/shop/.bare', undefined, 'shop'],
    ['/src/shop/.git', undefined, 'shop'],
    ['/src/Ünïcode', undefined, 'unicode'],
    ['/src/shop', 'store', 'store'],
  ] as const) {
    expect(resolveProjectName(folder, configured)).toBe(expected);
  }
  expect(() => resolveProjectName('/src/日本')).toThrow('no project name');
});
