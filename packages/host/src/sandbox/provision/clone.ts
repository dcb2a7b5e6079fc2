import { randomBytes } from 'node:crypto';
import { lstat, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { getBranch, type SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import { type GitOptions, git, requireGit } from '../../git/git.ts';
import { readSource, type SourceFacts } from '../../git/source.ts';
import { ensureFolder, writeFileAtomic } from '../../system/files.ts';
import type { Owner } from '../../system/owner.ts';
import type { Paths } from '../../system/paths.ts';
import { ignoresCase } from '../../system/real-path.ts';
import { readRefs } from './clone-refs.ts';
import { copyRepository, OUR_WAY, type Target } from './copy-repository.ts';
import { removeTree } from './remove-tree.ts';

export interface CloneOptions {
  paths: Paths;
  ref: SandboxRef;
  /** Main work tree of the host repository: what remote `host` notes. */
  repository: string;
  /** The work tree whose HEAD is the start. */
  source: string;
  /** Any revision of it, instead of HEAD. */
  base?: string;
  owner: Owner;
  signal: AbortSignal;
  onProgress?: (message: string) => void;
  /** 30 minutes by default. */
  timeoutMs?: number;
}

export interface Clone {
  branch: string;
  /** Where the branch stands. */
  commit: string;
  /** Where it started; null where the clone was there already. */
  base: string | null;
  reused: boolean;
}

const DEFAULT_TIMEOUT_MS = 30 * 60_000;

/**
 * The clone of a sandbox: on branch `cspace/<sandbox>`, from the local repository, so that unpushed commits are there.
 * It is made beside its place and renamed when whole; one that is there already stays as it is.
 * Throws ProblemError: `repository-unusable`, `clone-failed`, `interrupted`; nothing is left behind then.
 *
 * Its refs: one local branch; the host's branches, unpushed commits and all, as `host/*`; what the host knows of its
 * upstream as `origin/*`; all tags.
 */
export async function createClone(options: CloneOptions): Promise<Clone> {
  const { paths, ref, owner, signal } = options;
  const clone = paths.clone(ref);
  if (await exists(clone)) return reuseClone(options, clone);
  const partial = paths.partialClone(ref);
  if (await exists(partial)) await removeTree(partial, { owner, signal });
  const at: GitOptions = {
    cwd: options.source,
    owner,
    signal,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  };
  try {
    const facts = await readSource(at, { base: options.base, ignoresCase: ignoresCase(paths.registry) });
    // In a folder of its own each time: a git that outlived a killed daemon finds its place gone, not ours.
    const folder = join(partial, randomBytes(6).toString('hex'));
    await ensureFolder(folder, { owner });
    options.onProgress?.(`cloning ${options.repository} at ${facts.commit.slice(0, 12)}`);
    const settings = getCloneConfig(options.ref, facts);
    await copyRepository({ source: options.source, settings }, at, { facts, folder });
    await addCommits(options, at, { facts, folder });
    await checkOut(getBranch(ref.sandbox), { ...at, cwd: folder, isolated: true }, facts);
    signal.throwIfAborted();
    await rename(folder, clone);
    return { branch: getBranch(ref.sandbox), commit: facts.commit, base: facts.commit, reused: false };
  } catch (error) {
    if (signal.aborted) throw new ProblemError({ code: 'interrupted', message: 'the clone was interrupted' });
    throw error;
  } finally {
    // After success it is an empty folder. The signal is not passed: this has to happen.
    await rmdir(partial).catch(() => removeTree(partial, { owner }));
  }
}

async function reuseClone(options: CloneOptions, clone: string): Promise<Clone> {
  const { sandbox } = options.ref;
  if (options.base !== undefined) {
    throw new ProblemError({
      code: 'usage',
      message: `${sandbox} has a clone already: --base is for a new one`,
      why: `its branch is ${getBranch(sandbox)}, with whatever was committed there`,
      fix: `leave --base out, or remove the sandbox first: cspace rm ${sandbox}`,
    });
  }
  const refs = await readRefs(clone);
  const branch = getBranch(sandbox);
  return {
    branch,
    commit: refs.resolve(`refs/heads/${branch}`) ?? refs.head ?? '',
    base: null,
    reused: true,
  };
}

/** The clone's own configuration, `key=value` each. */
export function getCloneConfig({ sandbox }: SandboxRef, facts: SourceFacts): string[] {
  return [
    // Without a name git commits nothing; a machine on which nobody has set one is to work all the same.
    `user.name=${facts.userName || `cspace ${sandbox}`}`,
    `user.email=${facts.userEmail || `${sandbox}@cspace.invalid`}`,
    // Host and guest see other inodes and owners for one file; by default each would hash all anew after the other.
    'core.checkStat=minimal',
    'core.trustctime=false',
    // A plain `git push` makes the branch on origin.
    'push.autoSetupRemote=true',
    // `main` exists as host/main and as origin/main: git checkout main has to know which to follow.
    `checkout.defaultRemote=${facts.upstream ? 'origin' : 'host'}`,
    ...(facts.upstream
      ? [`remote.origin.url=${facts.upstream.url}`, 'remote.origin.fetch=+refs/heads/*:refs/remotes/origin/*']
      : []),
  ];
}

/** Brings what `git clone` leaves out: upstream's branches as the host knows them, and a base that no branch reaches. */
async function addCommits(options: CloneOptions, at: GitOptions, { facts, folder }: Target): Promise<void> {
  const inClone = { ...at, cwd: folder };
  const wanted: string[] = [];
  if (facts.upstream) {
    const { remote } = facts.upstream;
    wanted.push(`+refs/remotes/${remote}/*:refs/remotes/origin/*`, `^refs/remotes/${remote}/HEAD`);
  }
  if (options.base !== undefined) {
    const known = await git(['cat-file', '-e', `${facts.commit}^{commit}`], { ...inClone, isolated: true });
    if (!known.ok) wanted.push(facts.commit);
  }
  if (wanted.length === 0) return;
  await requireGit(
    [
      ...OUR_WAY,
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-auto-maintenance',
      '--upload-pack=git -c uploadpack.allowAnySHA1InWant=true upload-pack',
      '--',
      options.source,
      ...wanted,
    ],
    inClone,
    { code: 'clone-failed', message: `cannot take the commits of ${options.source}` },
  );
}

async function checkOut(branch: string, at: GitOptions, facts: SourceFacts): Promise<void> {
  const problem = { code: 'clone-failed' as const, message: 'the files of the clone cannot be written' };
  await writeFileAtomic(join(at.cwd, '.git', 'HEAD'), `ref: refs/heads/${branch}\n`, {
    owner: at.owner,
    mode: 0o644,
  });
  if (facts.branch !== undefined) {
    // First this one gone: a branch `cspace` would stand in the way of `cspace/mercury`.
    const section = ['config', '--remove-section', `branch.${facts.branch}`];
    await Promise.all([
      requireGit(['update-ref', '-d', `refs/heads/${facts.branch}`], at, problem),
      git(section, at),
    ]);
  }
  await Promise.all([
    requireGit(['update-ref', '-m', 'cspace: start', `refs/heads/${branch}`, facts.commit], at, problem),
    setUpstreamHead(at, facts),
  ]);
  await requireGit(['-c', 'checkout.workers=0', 'reset', '--hard', '--quiet'], at, problem);
}

/** What `origin` alone stands for, such as in `git diff origin...`. */
async function setUpstreamHead(at: GitOptions, { upstreamHead }: SourceFacts): Promise<void> {
  if (upstreamHead === undefined) return;
  const args = ['symbolic-ref', 'refs/remotes/origin/HEAD', `refs/remotes/origin/${upstreamHead}`];
  await requireGit(args, at, {
    code: 'clone-failed',
    message: 'the clone cannot be told its upstream branch',
  });
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
