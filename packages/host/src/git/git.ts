import { ProblemError } from '@cspace/protocol/problem';
import { getTail, type RunResult, run } from '../system/exec.ts';
import { getHomeFolder } from '../system/home.ts';
import type { Owner } from '../system/owner.ts';

export interface GitOptions {
  cwd: string;
  /** git runs as this user: as root it refuses "dubious ownership", and filters would run as root. */
  owner: Owner;
  signal?: AbortSignal;
  /** 60 seconds by default. */
  timeoutMs?: number;
  env?: Record<string, string>;
  input?: string;
  /**
   * Read no configuration but the repository's own: for repositories that we made, so that nothing the user has set up
   * (filters, templates, line endings) shows in them.
   */
  isolated?: boolean;
}

const DEFAULT_TIMEOUT_MS = 60_000;

/** Nothing git does for us may ask, page, edit or take a lock that it can do without. */
const GIT_ENV = {
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_PAGER: 'cat',
  GIT_EDITOR: 'false',
  GIT_ASKPASS: 'false',
  SSH_ASKPASS: 'false',
  // Names are data for us: no pathspec magic, whatever a file is called.
  GIT_LITERAL_PATHSPECS: '1',
} as const;

const ISOLATED_ENV = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
} as const;

/** Runs git as the owner with a fixed environment (no GIT_* of the caller's); read `ok` of the result first. */
export async function git(args: readonly string[], options: GitOptions): Promise<RunResult> {
  const { cwd, owner, signal, input, env } = options;
  const home = options.isolated ? undefined : await getHomeFolder(owner, signal);
  return run(['git', ...args], {
    cwd,
    owner,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    ...(signal === undefined ? {} : { signal }),
    ...(input === undefined ? {} : { input }),
    env: {
      ...GIT_ENV,
      ...(options.isolated ? ISOLATED_ENV : {}),
      ...(home === undefined ? {} : { HOME: home }),
      ...env,
    },
  });
}

/** What git said on stdout; undefined where it answered no, by whatever exit code. Throws where it did not answer. */
export async function askGit(args: readonly string[], options: GitOptions): Promise<string | undefined> {
  const result = await git(args, options);
  if (result.ok) return result.stdout;
  const answered = result.exitCode !== undefined && !result.timedOut && !result.cancelled && !result.notFound;
  if (answered) return undefined;
  throw toGitProblem(result, { code: 'failed', message: `git ${args[0] ?? ''} failed` });
}

/** Runs git and throws ProblemError (the one given, with git's last lines as `why`) where it fails. */
export async function requireGit(
  args: readonly string[],
  options: GitOptions,
  problem: GitProblem,
): Promise<string> {
  const result = await git(args, options);
  if (!result.ok) throw toGitProblem(result, problem);
  return result.stdout;
}

export interface GitProblem {
  code: 'clone-failed' | 'fetch-failed' | 'repository-unusable' | 'sandbox-broken' | 'failed';
  message: string;
  fix?: string;
}

/** A failed run of git as the problem to throw: cancelled, too slow, git missing, or the one given. */
export function toGitProblem(result: RunResult, problem: GitProblem): ProblemError {
  if (result.cancelled) return new ProblemError({ code: 'interrupted', message: 'interrupted' });
  if (result.notFound) {
    return new ProblemError({
      code: 'engine-missing',
      message: 'git could not be started',
      why: getTail(result.stderr) || 'it is not installed, or the folder it was to run in is gone',
      fix: process.platform === 'darwin' ? 'xcode-select --install' : 'sudo apt-get install git',
    });
  }
  const why = result.timedOut ? 'git did not end in time' : getTail(result.stderr);
  return new ProblemError({ ...problem, ...(why === '' ? {} : { why }) });
}
