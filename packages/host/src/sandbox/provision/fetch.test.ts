import { expect, test } from 'bun:test';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { commitFile, makeRepository, SELF, sh, useTempFolder } from '../../git/testing.ts';
import { getViewsFolder } from './clone-view.ts';
import { getProblem, makeSandboxClone } from './testing.ts';

const temp = useTempFolder();
const make = () => makeSandboxClone(temp());

test('fetchWork brings the commits as branch cspace/<sandbox>, and again is harmless', async () => {
  const { fetch, path, repository, branch } = await make();
  const start = sh(path, 'rev-parse', 'HEAD');
  expect(await fetch()).toEqual({ branch, commit: start, before: null });
  const commit = commitFile(path, 'a', 'a');
  expect(await fetch()).toEqual({ branch, commit, before: start });
  expect(await fetch()).toEqual({ branch, commit, before: commit });
  expect(sh(repository, 'rev-parse', branch)).toBe(commit);
  expect(sh(repository, 'fsck', '--strict', '--no-dangling')).toBe('');
  expect(sh(repository, 'for-each-ref', '--format=%(refname)').split('\n')).toEqual([
    'refs/heads/cspace/mercury',
    'refs/heads/main',
  ]);
  expect(existsSync(join(repository, '.git/FETCH_HEAD'))).toBe(false);
  expect(existsSync(getViewsFolder(path))).toBe(false);
});

test('fetchWork brings no other ref of the clone, no tag and no replacement', async () => {
  const { fetch, path, repository } = await make();
  const first = sh(path, 'rev-parse', 'HEAD');
  const commit = commitFile(path, 'a', 'a');
  sh(path, 'tag', 'v1');
  sh(path, 'branch', 'other');
  sh(path, 'replace', first, commit);
  await fetch();
  expect(sh(repository, 'tag')).toBe('');
  expect(sh(repository, 'for-each-ref', 'refs/replace', 'refs/heads/other')).toBe('');
});

test('fetchWork shares no object file with the clone', async () => {
  const { fetch, path, repository } = await make();
  commitFile(path, 'a', 'a');
  sh(path, 'gc', '--quiet');
  await fetch();
  const shared = Bun.spawnSync(['find', join(repository, '.git/objects'), '-type', 'f', '-links', '+1']);
  expect(shared.stdout.toString()).toBe('');
});

test('fetchWork follows an agent that rewrote what it had given', async () => {
  const { fetch, path, repository, branch } = await make();
  const before = commitFile(path, 'a', 'a');
  await fetch();
  sh(path, 'commit', '--quiet', '--amend', '-m', 'better');
  const commit = sh(path, 'rev-parse', 'HEAD');
  expect(await fetch()).toEqual({ branch, commit, before });
  expect(sh(repository, 'rev-parse', branch)).toBe(commit);
});

test('fetchWork does not throw commits of the host away', async () => {
  const { fetch, path, repository, branch } = await make();
  commitFile(path, 'a', 'a');
  await fetch();
  sh(repository, 'checkout', '--quiet', branch);
  const own = commitFile(repository, 'mine', 'mine');
  sh(repository, 'checkout', '--quiet', 'main');
  commitFile(path, 'b', 'b');
  expect(await getProblem(fetch())).toMatchObject({
    code: 'work-would-be-lost',
    message: 'cspace/mercury of the host repository has commits that the sandbox lacks: 1',
    fix: expect.stringContaining(`git branch -m ${branch}`),
  });
  expect(sh(repository, 'rev-parse', branch)).toBe(own);
});

test('fetchWork does not move a branch under a work tree', async () => {
  const { fetch, path, repository, branch, folder } = await make();
  commitFile(path, 'a', 'a');
  await fetch();
  sh(repository, 'worktree', 'add', '--quiet', join(folder, 'review'), branch);
  expect((await fetch()).branch).toBe(branch);
  commitFile(path, 'b', 'b');
  const problem = await getProblem(fetch());
  expect(problem.code).toBe('fetch-failed');
  expect(problem.message).toContain(join(folder, 'review'));
});

test('fetchWork names a branch that was renamed or deleted inside', async () => {
  const { fetch, path } = await make();
  sh(path, 'branch', '-m', 'mine');
  expect(await getProblem(fetch())).toMatchObject({
    code: 'fetch-failed',
    message: 'the clone has no branch cspace/mercury',
    why: 'it is on "refs/heads/mine"',
  });
});

test('fetchWork refuses malformed objects', async () => {
  const { fetch, path, repository } = await make();
  const blob = sh(path, 'rev-parse', 'HEAD:README.md');
  const tree = Buffer.concat([Buffer.from('100644 .git\0'), Buffer.from(blob, 'hex')]);
  writeFileSync(join(path, '../tree'), tree);
  const id = sh(path, 'hash-object', '-t', 'tree', '-w', '--literally', join(path, '../tree'));
  const commit = sh(path, 'commit-tree', id, '-p', 'HEAD', '-m', 'bad');
  sh(path, 'update-ref', 'refs/heads/cspace/mercury', commit);
  expect(await getProblem(fetch())).toMatchObject({
    code: 'fetch-failed',
    why: expect.stringContaining('hasDotgit'),
  });
  expect(sh(repository, 'for-each-ref', 'refs/heads/cspace')).toBe('');
});

/** A repository of the same user that the sandbox has no business with, and a commit of it. */
function makeSecret(folder: string) {
  const path = makeRepository(folder, 'secret');
  return { objects: join(path, '.git/objects'), commit: commitFile(path, 'diary', 'secret') };
}

test('fetchWork: alternates and links in the clone lead to no other repository', async () => {
  for (const borrow of [
    (clone: string, objects: string) => {
      mkdirSync(join(clone, '.git/objects/info'), { recursive: true });
      writeFileSync(join(clone, '.git/objects/info/alternates'), `${objects}\n`);
    },
    (clone: string, objects: string) => {
      for (const name of readdirSync(objects).filter((name) => name.length === 2)) {
        rmSync(join(clone, '.git/objects', name), { recursive: true, force: true });
        symlinkSync(join(objects, name), join(clone, '.git/objects', name));
      }
    },
    (clone: string, objects: string) => {
      for (const name of readdirSync(objects).filter((name) => name.length === 2)) {
        for (const file of readdirSync(join(objects, name))) {
          mkdirSync(join(clone, '.git/objects', name), { recursive: true });
          rmSync(join(clone, '.git/objects', name, file), { force: true });
          symlinkSync(join(objects, name, file), join(clone, '.git/objects', name, file));
        }
      }
    },
  ]) {
    const { fetch, path, repository, folder } = await make();
    const secret = makeSecret(folder);
    borrow(path, secret.objects);
    writeFileSync(join(path, '.git/refs/heads/cspace/mercury'), `${secret.commit}\n`);
    // The control: plain git does take it.
    expect(sh(path, 'cat-file', '-t', secret.commit)).toBe('commit');
    expect((await getProblem(fetch())).code).toBe('fetch-failed');
    expect(() => sh(repository, 'cat-file', '-t', secret.commit)).toThrow();
  }
});

test('fetchWork: a link in place of a ref is not read', async () => {
  const { fetch, path, folder } = await make();
  const secret = makeSecret(folder);
  writeFileSync(join(folder, 'elsewhere'), `${secret.commit}\n`);
  const ref = join(path, '.git/refs/heads/cspace/mercury');
  rmSync(ref);
  symlinkSync(join(folder, 'elsewhere'), ref);
  expect((await getProblem(fetch())).message).toBe('the clone has no branch cspace/mercury');
});

test('fetchWork and the clone work as the owner, whose files they leave', async () => {
  if (SELF.uid !== 0) return console.log('skipped: only root can run as another user');
  const owner = { uid: 12345, gid: 12346 };
  const folder = temp();
  chownSync(folder, owner.uid, owner.gid);
  const repository = makeRepository(folder);
  Bun.spawnSync(['chown', '-R', `${owner.uid}:${owner.gid}`, repository]);
  const made = await makeSandboxClone(folder, repository, owner);
  const foreign = ['sh', '-c', `find "$0" ! -user ${owner.uid} -o ! -group ${owner.gid}`, folder];
  expect(Bun.spawnSync(foreign).stdout.toString()).toBe('');
  expect(lstatSync(made.path).mode & 0o777).toBe(0o700);
  sh(made.path, '-c', `safe.directory=${made.path}`, 'update-ref', 'refs/heads/cspace/mercury', 'HEAD');
  await made.fetch();
  expect((await made.work()).commits).toBe(0);
  expect(Bun.spawnSync(foreign).stdout.toString()).toBe('');
});
