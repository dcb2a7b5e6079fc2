import { ProblemError } from '@cspace/protocol/problem';
import { askGit, type GitOptions, git, requireGit, toGitProblem } from '../../git/git.ts';
import type { Owner } from '../../system/owner.ts';
import { type CloneView, withCloneView } from './clone-view.ts';

export interface FetchOptions {
  clone: string;
  /** The host repository that takes the commits. */
  repository: string;
  branch: string;
  owner: Owner;
  signal: AbortSignal;
  /** For each run of git; 10 minutes by default. */
  timeoutMs?: number;
}

export interface Fetched {
  branch: string;
  commit: string;
  /** Where the host repository's branch was; null where there was none. */
  before: string | null;
}

const DEFAULT_TIMEOUT_MS = 10 * 60_000;
/** What our own updates of the branch say in its reflog, and how they are told from a person's. */
const REFLOG_MESSAGE = 'cspace fetch';

/**
 * Takes a sandbox's branch into the host repository, running nothing that the clone carries; every object that comes is
 * checked (fsck). The branch moves on, also to commits that replace those of an earlier fetch.
 * Throws ProblemError: `work-would-be-lost` where the host's branch has commits of its own, `fetch-failed` where it is
 * checked out or the clone's branch cannot be read.
 */
export async function fetchWork(options: FetchOptions): Promise<Fetched> {
  const { repository, owner, signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const at: GitOptions = { cwd: repository, owner, signal, timeoutMs };
  const ref = `refs/heads/${options.branch}`;
  try {
    const commit = await withCloneView({ ...options, timeoutMs }, (view) => takeObjects(options, view, at));
    const before = (await askGit(['rev-parse', '--verify', '--quiet', ref], at)) ?? null;
    const fetched = { branch: options.branch, commit, before };
    if (before === commit) return fetched;
    await refuseCheckedOut(fetched, at);
    if (before !== null) await refuseForeignCommits(fetched, before, at);
    await moveBranch(fetched, at);
    return fetched;
  } catch (error) {
    if (signal.aborted) throw new ProblemError({ code: 'interrupted', message: 'the fetch was interrupted' });
    throw error;
  }
}

/** Brings the objects of the branch over without touching any ref of the host repository; gives the branch's commit. */
async function takeObjects({ branch }: FetchOptions, view: CloneView, at: GitOptions): Promise<string> {
  const commit = view.refs.resolve(`refs/heads/${branch}`);
  if (commit === undefined) {
    throw new ProblemError({
      code: 'fetch-failed',
      message: `the clone has no branch ${branch}`,
      why: view.refs.headRef
        ? `it is on ${JSON.stringify(view.refs.headRef)}`
        : 'it was deleted or renamed inside',
      fix: `make it again inside: git branch ${branch} HEAD`,
    });
  }
  const result = await git(
    [
      ...TAKING,
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-recurse-submodules',
      '--no-auto-maintenance',
      '--',
      view.gitDir,
      `refs/heads/${branch}`,
    ],
    at,
  );
  if (!result.ok) {
    throw toGitProblem(result, {
      code: 'fetch-failed',
      message: `the commits of ${branch} cannot be taken into ${at.cwd}`,
    });
  }
  const type = await askGit(['cat-file', '-t', commit], at);
  if (type === 'commit') return commit;
  throw new ProblemError({ code: 'fetch-failed', message: `${branch} of the clone is not at a commit` });
}

/** Over the user's own configuration, for taking objects from a stranger. */
const TAKING = [
  'fetch.fsckObjects=true',
  'transfer.fsckObjects=true',
  'fetch.prune=false',
  'fetch.writeCommitGraph=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'protocol.file.allow=always',
  'submodule.recurse=false',
].flatMap((setting) => ['-c', setting]);

async function refuseCheckedOut({ branch }: Fetched, at: GitOptions): Promise<void> {
  const listed = (await askGit(['worktree', 'list', '--porcelain', '-z'], at)) ?? '';
  let tree = at.cwd;
  for (const line of listed.split('\0')) {
    if (line.startsWith('worktree ')) tree = line.slice('worktree '.length);
    if (line !== `branch refs/heads/${branch}`) continue;
    throw new ProblemError({
      code: 'fetch-failed',
      message: `${branch} is checked out in ${tree}`,
      why: 'moving a branch under its work tree would show its new commits as changes taken back',
      fix: 'check out another branch there first: git switch -',
    });
  }
}

/** Commits that a person made on the host's branch, and that the sandbox does not have, are not thrown away. */
async function refuseForeignCommits(
  { branch, commit }: Fetched,
  before: string,
  at: GitOptions,
): Promise<void> {
  const isAncestor = await git(['merge-base', '--is-ancestor', before, commit], at);
  if (isAncestor.ok) return;
  // Not contained, but ours: the agent amended or rebased what an earlier fetch brought.
  const last = await askGit(
    ['log', '--walk-reflogs', '-1', '--format=%H %gs', `refs/heads/${branch}`, '--'],
    at,
  );
  if (last === `${before} ${REFLOG_MESSAGE}`) return;
  const count = await askGit(['rev-list', '--count', before, '--not', commit], at);
  throw new ProblemError({
    code: 'work-would-be-lost',
    message: `${branch} of the host repository has commits that the sandbox lacks: ${count ?? 'some'}`,
    why: `it is at ${before.slice(0, 12)}, the sandbox at ${commit.slice(0, 12)}`,
    fix: `keep them under another name, then fetch again: git branch -m ${branch} ${branch}-host`,
  });
}

/** Only from where it was seen to be: a push or a commit in between is an error, not lost. */
async function moveBranch({ branch, commit, before }: Fetched, at: GitOptions): Promise<void> {
  const none = '0'.repeat(commit.length);
  await requireGit(
    ['update-ref', '-m', REFLOG_MESSAGE, '--create-reflog', `refs/heads/${branch}`, commit, before ?? none],
    at,
    { code: 'fetch-failed', message: `${branch} of the host repository cannot be moved` },
  );
}
