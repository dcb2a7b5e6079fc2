import { lstat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { getProjectName } from '@cspace/protocol/names';
import { type Problem, ProblemError } from '@cspace/protocol/problem';
import type { RunResult } from '../system/exec.ts';
import type { Owner } from '../system/owner.ts';
import { askGit, type GitOptions, git, toGitProblem } from './git.ts';

export interface Repository {
  /** The main work tree, by which a project is known; of a bare repository with work trees the git folder itself. */
  repository: string;
  /** The top of the work tree that was called in: its HEAD is where a branch starts. */
  source: string;
  /** The git folder that all work trees share. */
  gitDir: string;
}

export interface FindOptions {
  owner: Owner;
  signal?: AbortSignal;
}

/**
 * The repository that `cwd` stands in. Throws ProblemError: `not-a-repository` outside of one, `repository-unusable` in a
 * bare one, in a git folder, or where git refuses it.
 */
export async function findRepository(cwd: string, options: FindOptions): Promise<Repository> {
  const at: GitOptions = { cwd, ...options };
  if (!(await isFolder(cwd))) throw new ProblemError(notARepository(cwd));
  // One path a call: paths may hold newlines, and rev-parse has no -z.
  const [top, common] = await Promise.all([
    git(['rev-parse', '--show-toplevel'], at),
    git(['rev-parse', '--path-format=absolute', '--git-common-dir'], at),
  ]);
  if (!common.ok) throw explainRefusal(cwd, common);
  const gitDir = common.stdout;
  if (!top.ok) throw await explainNoWorkTree(cwd, gitDir, at);
  const source = top.stdout;
  return { repository: await findMainWorkTree(source, gitDir, at), source, gitDir };
}

/** The commit that HEAD of a work tree is at. Throws `repository-unusable` where there is none yet. */
export async function getHeadCommit(repository: Repository, options: FindOptions): Promise<string> {
  const at: GitOptions = { cwd: repository.source, ...options };
  const commit = await askGit(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], at);
  if (commit !== undefined) return commit;
  throw new ProblemError({
    code: 'repository-unusable',
    message: `the repository has no commit yet: ${repository.source}`,
    why: 'a sandbox works on a branch, and a branch starts at a commit',
    fix: 'git commit --allow-empty -m "First commit"',
  });
}

/** The project's name: the one that is configured, else made from the main work tree's folder. */
export function resolveProjectName(repository: string, configured?: string): string {
  const name = configured ?? getProjectName(getFolderName(repository));
  if (name !== undefined) return name;
  throw new ProblemError({
    code: 'name-invalid',
    message: `no project name can be made of the folder's name: ${basename(repository)}`,
    fix: 'put {"project": "my-project"} into .cspace.json',
  });
}

/** `shop` for /src/shop, and for the git folders /src/shop.git and /src/shop/.bare of work trees without a main one. */
function getFolderName(repository: string): string {
  const name = basename(repository).replace(/\.git$/, '');
  return name === '' || name.startsWith('.') ? basename(dirname(repository)) : name;
}

async function findMainWorkTree(source: string, gitDir: string, at: GitOptions): Promise<string> {
  const own = await askGit(['rev-parse', '--absolute-git-dir'], at);
  // Not a linked work tree: it is the main one, wherever its git folder is.
  if (own === gitDir) return source;
  const list = await askGit(['worktree', 'list', '--porcelain', '-z'], at);
  const first = list?.split('\0')[0];
  return first?.startsWith('worktree ') ? first.slice('worktree '.length) : gitDir;
}

async function explainNoWorkTree(cwd: string, gitDir: string, at: GitOptions): Promise<ProblemError> {
  const bare = (await askGit(['rev-parse', '--is-bare-repository'], at)) === 'true';
  return new ProblemError({
    code: 'repository-unusable',
    message: bare ? `a bare repository has no work tree: ${gitDir}` : `not in a work tree: ${cwd}`,
    why: 'cspace works with the project whose files you stand in',
    fix: bare ? `git clone ${quote(gitDir)} and call cspace in the clone` : `cd ${quote(dirname(gitDir))}`,
  });
}

function explainRefusal(cwd: string, result: RunResult): ProblemError {
  if (/not a git repository/i.test(result.stderr)) return new ProblemError(notARepository(cwd));
  if (/dubious ownership/i.test(result.stderr)) {
    return new ProblemError({
      code: 'repository-unusable',
      message: `git refuses this repository: it belongs to another user: ${cwd}`,
      why: 'its owner could make git run anything as you',
      // The folder that git means may lie above this one; it says so itself.
      fix: /^\s*(git config --global --add safe\.directory .+)$/m.exec(result.stderr)?.[1] ?? 'git status',
    });
  }
  return toGitProblem(result, {
    code: 'repository-unusable',
    message: `git cannot read the repository: ${cwd}`,
  });
}

function notARepository(cwd: string): Problem {
  return {
    code: 'not-a-repository',
    message: `not in a git repository: ${cwd}`,
    why: 'a sandbox is made around a clone of the project you stand in',
    fix: 'cd into a git repository, or make one: git init && git add . && git commit -m "First commit"',
  };
}

async function isFolder(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found !== undefined && (found.isDirectory() || found.isSymbolicLink());
}

function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
