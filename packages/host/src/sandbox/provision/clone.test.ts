import { expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { commitFile, makePaths, makeRepository, REF, SELF, sh, useTempFolder } from '../../git/testing.ts';
import { type CloneOptions, createClone } from './clone.ts';

const temp = useTempFolder();

interface Given extends Partial<CloneOptions> {
  folder: string;
  repository: string;
}

async function clone({ folder, repository, ...more }: Given) {
  const paths = makePaths(folder);
  const options = { paths, ref: REF, repository, source: repository, owner: SELF, ...more };
  const made = await createClone({ signal: AbortSignal.timeout(60_000), ...options });
  return { ...made, path: paths.clone(REF), paths };
}

/** The problem of a call that has to fail, after a look that it left nothing. */
async function failing(given: Given) {
  const error = await clone(given).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof ProblemError)) throw new Error(`no problem: ${String(error)}`);
  expect(leftovers(given.folder)).toEqual([]);
  return error.problem;
}

function leftovers(folder: string): string[] {
  const clones = dirname(makePaths(folder).clone(REF));
  return existsSync(clones) ? readdirSync(clones) : [];
}

test('createClone starts its branch at the unpushed commit that is checked out', async () => {
  const folder = temp();
  const repository = makeRepository(folder);
  sh(repository, 'checkout', '--quiet', '-b', 'feature');
  const unpushed = commitFile(repository, 'new.txt', 'new');
  const made = await clone({ folder, repository });
  expect(made).toMatchObject({ branch: 'cspace/mercury', commit: unpushed, base: unpushed, reused: false });
  expect(sh(made.path, 'rev-parse', 'HEAD')).toBe(unpushed);
  expect(sh(made.path, 'branch', '--format=%(refname:short)')).toBe('cspace/mercury');
  expect(sh(made.path, 'status', '--porcelain')).toBe('');
  expect(readFileSync(join(made.path, 'new.txt'), 'utf8')).toBe('new');
  expect(sh(made.path, 'rev-parse', 'host/main', 'host/feature').split('\n')).toContain(unpushed);
  expect(leftovers(folder)).toEqual(['mercury']);
  expect(statSync(made.path).mode & 0o777).toBe(0o700);
});

test('createClone shares no object file with the repository', async () => {
  const folder = temp();
  const repository = makeRepository(folder);
  const { path } = await clone({ folder, repository });
  const files = Bun.spawnSync(['find', join(path, '.git/objects'), '-type', 'f', '-links', '+1']);
  expect(files.stdout.toString()).toBe('');
  expect(existsSync(join(path, '.git/objects/info/alternates'))).toBe(false);
  // Root inside writes over every object: the repository is as it was.
  Bun.spawnSync(['sh', '-c', 'chmod -R u+w . && find . -type f -exec truncate -s 3 {} +'], {
    cwd: join(path, '.git/objects'),
  });
  expect(sh(repository, 'fsck', '--strict')).toBe('');
});

test('createClone: an object folder that borrows from another repository is not borrowed on', async () => {
  const folder = temp();
  const lender = makeRepository(folder, 'lender');
  sh(folder, 'clone', '--quiet', '--shared', lender, join(folder, 'borrower'));
  const { path } = await clone({ folder, repository: join(folder, 'borrower') });
  expect(existsSync(join(path, '.git/objects/info/alternates'))).toBe(false);
  expect(sh(path, 'fsck')).toBe('');
});

test('createClone falls back on a pack where the object folder holds a link', async () => {
  const folder = temp();
  const repository = makeRepository(folder);
  symlinkSync('/etc/hostname', join(repository, '.git/objects/info/odd'));
  const { path } = await clone({ folder, repository });
  expect(readdirSync(join(path, '.git/objects/info'))).not.toContain('odd');
  expect(sh(path, 'fsck')).toBe('');
});

test('createClone --base takes any revision, also one that only the reflog knows', async () => {
  const folder = temp();
  const repository = makeRepository(folder);
  const lost = commitFile(repository, 'lost.txt', 'lost');
  sh(repository, 'reset', '--quiet', '--hard', 'HEAD~1');
  expect((await clone({ folder, repository, base: 'main@{1}' })).commit).toBe(lost);
  // The same through a pack, where only what refs reach comes along.
  const again = temp();
  symlinkSync('/etc/hostname', join(repository, '.git/objects/info/odd'));
  const { path } = await clone({ folder: again, repository, base: lost });
  expect(sh(path, 'rev-parse', 'HEAD')).toBe(lost);
});

test('createClone names a base that does not exist, and one that looks like an option', async () => {
  const folder = temp();
  const repository = makeRepository(folder);
  for (const base of ['nope', '--all', '-h', 'HEAD:README.md']) {
    const problem = await failing({ folder, repository, base });
    expect(problem).toMatchObject({ code: 'repository-unusable', fix: 'git branch --all' });
    expect(problem.message).toContain(JSON.stringify(base));
  }
});

test('createClone: origin is the upstream of the host repository, with its branches, and host its path', async () => {
  const folder = temp();
  const upstream = makeRepository(folder, 'upstream');
  sh(folder, 'clone', '--quiet', '--origin', 'company', upstream, join(folder, 'shop'));
  const repository = join(folder, 'shop');
  const { path } = await clone({ folder, repository });
  expect(sh(path, 'remote', 'get-url', 'origin')).toBe(upstream);
  expect(sh(path, 'remote', 'get-url', 'host')).toBe(repository);
  expect(sh(path, 'rev-parse', 'origin/main')).toBe(sh(upstream, 'rev-parse', 'main'));
  expect(sh(path, 'symbolic-ref', 'refs/remotes/origin/HEAD')).toBe('refs/remotes/origin/main');
});

test('createClone leaves the password of an origin out, and ssh URLs as they are', async () => {
  for (const [given, expected] of [
    ['https://ada:s3cret@example.org/shop.git', 'https://example.org/shop.git'],
    ['git@example.org:shop.git', 'git@example.org:shop.git'],
  ] as const) {
    const folder = temp();
    const repository = makeRepository(folder);
    sh(repository, 'remote', 'add', 'origin', given);
    const { path } = await clone({ folder, repository });
    expect(sh(path, 'remote', 'get-url', 'origin')).toBe(expected);
    expect(readFileSync(join(path, '.git/config'), 'utf8')).not.toContain('s3cret');
  }
});

test('createClone: commits inside carry the name and e-mail of the host repository', async () => {
  const folder = temp();
  const repository = makeRepository(folder);
  sh(repository, 'config', 'user.name', 'Grace "Amazing" Höpper');
  const { path } = await clone({ folder, repository });
  expect(sh(path, 'config', '--local', 'user.name')).toBe('Grace "Amazing" Höpper');
  expect(sh(path, 'config', '--local', 'user.email')).toBe('ada@example.org');
  expect(sh(path, 'config', '--local', 'core.checkStat')).toBe('minimal');
});

test('fault-26: createClone on a file system that ignores case names the files of which one would be missing', async () => {
  const folder = temp();
  const repository = makeRepository(folder);
  commitFile(repository, 'Readme.md', 'another');
  expect((await clone({ folder, repository })).reused).toBe(false);
  const other = temp();
  const { home, registry } = makePaths(other);
  mkdirSync(registry, { recursive: true });
  // Stands for such a file system: the folder answers to its name in capitals.
  symlinkSync('registry', join(home, 'REGISTRY'));
  const problem = await failing({ folder: other, repository });
  expect(problem).toMatchObject({
    code: 'repository-unusable',
    message: 'names that differ only in case: README.md and Readme.md',
  });
  expect((await clone({ folder: other, repository, base: 'HEAD~1' })).reused).toBe(false);
});

test('createClone: a linked work tree is the source, at its own commit', async () => {
  const folder = temp();
  const repository = makeRepository(folder);
  const source = join(folder, 'linked tree');
  sh(repository, 'worktree', 'add', '--quiet', '--detach', source);
  const commit = commitFile(source, 'only here.txt', 'x');
  const made = await clone({ folder, repository, source });
  expect(made.commit).toBe(commit);
  expect(existsSync(join(made.path, 'only here.txt'))).toBe(true);
});

test('createClone copes with spaces, newlines and other letters in paths and names', async () => {
  const folder = temp();
  const odd = join(folder, 'my söurce\n$(id) "dir"');
  mkdirSync(odd);
  const repository = makeRepository(odd, "it's");
  sh(repository, 'checkout', '--quiet', '-b', 'cspace');
  expect(sh((await clone({ folder: odd, repository })).path, 'status', '--porcelain')).toBe('');
});

test('createClone: the host repository being on the branch of a sandbox is no obstacle', async () => {
  const folder = temp();
  const repository = makeRepository(folder);
  sh(repository, 'checkout', '--quiet', '-b', 'cspace/mercury');
  const { path } = await clone({ folder, repository });
  expect(sh(path, 'symbolic-ref', 'HEAD')).toBe('refs/heads/cspace/mercury');
});

test('createClone runs and copies no hook of the host repository', async () => {
  const folder = temp();
  const repository = makeRepository(folder);
  for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change']) {
    writeFileSync(join(repository, '.git/hooks', hook), `#!/bin/sh\ntouch ${folder}/ran\n`, { mode: 0o755 });
  }
  const { path } = await clone({ folder, repository });
  expect(existsSync(join(folder, 'ran'))).toBe(false);
  expect(existsSync(join(path, '.git/hooks'))).toBe(false);
});

test('createClone: odd configuration of the source does not break it', async () => {
  const folder = temp();
  const repository = makeRepository(folder);
  for (const [key, value] of [
    ['transfer.hideRefs', 'refs/heads'],
    ['core.fsmonitor', '/nonexistent'],
    ['uploadpack.packObjectsHook', 'false'],
    ['clone.defaultRemoteName', 'x y'],
    ['core.autocrlf', 'true'],
    ['alias.clone', '!false'],
    ['core.worktree', repository],
  ] as const) {
    sh(repository, 'config', key, value);
  }
  const { path } = await clone({ folder, repository });
  expect(readFileSync(join(path, 'README.md'), 'utf8')).toBe('hello\n');
});

test('createClone works for a shallow repository', async () => {
  const folder = temp();
  const deep = makeRepository(folder, 'deep');
  commitFile(deep, 'second.txt', '2');
  sh(folder, 'clone', '--quiet', '--depth=1', `file://${deep}`, join(folder, 'shop'));
  const { path } = await clone({ folder, repository: join(folder, 'shop') });
  expect(sh(path, 'log', '--format=%s')).toBe('change second.txt');
});

test('createClone works for a repository of SHA-256 objects', async () => {
  const folder = temp();
  const repository = join(folder, 'shop');
  sh(folder, 'init', '--quiet', '--object-format=sha256', repository);
  const commit = commitFile(repository, 'a', 'a');
  expect((await clone({ folder, repository })).commit).toBe(commit);
});

test('createClone refuses by name: partial clones, submodules, LFS', async () => {
  const folder = temp();
  const whole = makeRepository(folder, 'whole');
  sh(whole, 'config', 'uploadpack.allowFilter', 'true');
  sh(folder, 'clone', '--quiet', '--filter=blob:none', `file://${whole}`, join(folder, 'partial'));
  expect(await failing({ folder, repository: join(folder, 'partial') })).toMatchObject({
    code: 'repository-unusable',
    message: expect.stringContaining('partial clone'),
  });
  const modular = makeRepository(folder, 'modular');
  sh(modular, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', whole, 'libs/whole');
  sh(modular, 'commit', '--quiet', '-m', 'submodule');
  expect((await failing({ folder, repository: modular })).message).toContain('libs/whole');
  const large = makeRepository(folder, 'large');
  commitFile(large, 'assets/.gitattributes', '# filter=lfs\n*.png filter=lfs diff=lfs -text\n');
  expect((await failing({ folder, repository: large })).message).toContain('assets/.gitattributes');
});

test('createClone takes a whole clone as it is, and removes half of one', async () => {
  const folder = temp();
  const repository = makeRepository(folder);
  const paths = makePaths(folder);
  mkdirSync(join(paths.partialClone(REF), 'dead', '.git'), { recursive: true });
  const first = await clone({ folder, repository });
  expect(first.reused).toBe(false);
  expect(leftovers(folder)).toEqual(['mercury']);
  const inside = commitFile(first.path, 'work.txt', 'work');
  expect(await clone({ folder, repository })).toMatchObject({ reused: true, commit: inside, base: null });
  await expect(clone({ folder, repository, base: 'main' })).rejects.toThrow('--base is for a new one');
});

test('createClone leaves nothing when it is cancelled', async () => {
  const folder = temp();
  const repository = makeRepository(folder);
  // A FIFO among the objects holds the copy up until the signal comes.
  Bun.spawnSync(['mkfifo', join(repository, '.git/objects/aa')]);
  const started = Date.now();
  const problem = await failing({ folder, repository, signal: AbortSignal.timeout(300) });
  expect(problem.code).toBe('interrupted');
  expect(Date.now() - started).toBeLessThan(10_000);
});

test('createClone: a repository without a commit', async () => {
  const folder = temp();
  sh(folder, 'init', '--quiet', 'empty');
  expect(await failing({ folder, repository: join(folder, 'empty') })).toMatchObject({
    code: 'repository-unusable',
    message: expect.stringContaining('no commit yet'),
  });
});
