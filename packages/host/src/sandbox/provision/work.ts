import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { askGit, type GitOptions, requireGit, toGitProblem } from '../../git/git.ts';
import { readRegularFile, writeFileAtomic } from '../../system/files.ts';
import type { Owner } from '../../system/owner.ts';
import { type CloneView, copyIndex, withCloneView } from './clone-view.ts';

export interface WorkOptions {
  clone: string;
  /** The host repository; where it is gone, all commits are unique. */
  repository: string;
  branch: string;
  owner: Owner;
  signal: AbortSignal;
  /** For each run of git; 60 seconds by default. */
  timeoutMs?: number;
}

/** What a clone holds that is nowhere else. Names of files are the guest's choice: escape them before a terminal. */
export interface UniqueWork {
  commits: number;
  stashes: number;
  /** Files that differ from the last commit. */
  changed: string[];
  /** Files and folders that are neither committed nor ignored. */
  untracked: string[];
}

const BROKEN = {
  code: 'sandbox-broken' as const,
  message: 'the work in the clone of this sandbox cannot be read',
};

/**
 * The work in a clone that would be lost with it: commits of its branches, tags and HEADs that neither the host repository
 * nor, as far as the clone knows, a remote has; stashes; changed and untracked files. Commits that were dropped (amended,
 * reset) do not count. A clone that is gone holds nothing.
 * Runs nothing that the clone carries. Throws ProblemError `sandbox-broken` where it cannot tell.
 */
export async function findUniqueWork(options: WorkOptions): Promise<UniqueWork> {
  const { clone, signal } = options;
  if (await isEmpty(clone)) return { commits: 0, stashes: 0, changed: [], untracked: [] };
  try {
    return await withCloneView(options, async (view) => ({
      ...(await findCommits(options, view)),
      ...(await findFiles(options, view)),
    }));
  } catch (error) {
    if (signal.aborted) throw new ProblemError({ code: 'interrupted', message: 'interrupted' });
    throw error;
  }
}

async function isEmpty(clone: string): Promise<boolean> {
  const found = await lstat(clone).catch(() => undefined);
  if (found === undefined) return true;
  return found.isDirectory() && (await readdir(clone)).length === 0;
}

async function findCommits(
  options: WorkOptions,
  view: CloneView,
): Promise<Pick<UniqueWork, 'commits' | 'stashes'>> {
  const host = await readHost(options);
  // The host may have moved on to commits that the clone lacks: with its objects at hand, what they reach is known.
  if (host.objects !== undefined) {
    const file = join(view.gitDir, 'objects', 'info', 'alternates');
    await writeFileAtomic(file, `${quotePath(host.objects)}\n`, { owner: options.owner });
  }
  const tips = new Set(view.refs.worktreeHeads);
  if (view.refs.head !== undefined) tips.add(view.refs.head);
  const elsewhere = new Set(host.tips);
  for (const [name, id] of view.refs.all) {
    // What the clone notes of the host's branches is elsewhere as long as there is a host repository.
    const isNote = name.startsWith('refs/remotes/host/') && host.objects === undefined;
    if (name.startsWith('refs/remotes/') && !isNote) elsewhere.add(id);
    else if (name !== 'refs/stash' && !name.startsWith('refs/replace/')) tips.add(id);
  }
  const stashes = await readStashes(options.clone, view);
  return {
    commits: await countCommits(view, [...tips], [...elsewhere]),
    stashes: stashes.length === 0 ? 0 : await countStashes(view, stashes, [...elsewhere]),
  };
}

async function countCommits(view: CloneView, tips: string[], elsewhere: string[]): Promise<number> {
  const input = [...tips, ...elsewhere.map((id) => `^${id}`), ''].join('\n');
  const result = await view.git(['rev-list', '--count', '--ignore-missing', '--stdin'], { input });
  if (!result.ok) throw toGitProblem(result, BROKEN);
  return Number(result.stdout);
}

/** Stashes are commits too, and fall away where the host has them. */
async function countStashes(view: CloneView, stashes: string[], elsewhere: string[]): Promise<number> {
  const input = [...stashes, ...elsewhere.map((id) => `^${id}`), ''].join('\n');
  const result = await view.git(['rev-list', '--ignore-missing', '--stdin'], { input });
  if (!result.ok) throw toGitProblem(result, BROKEN);
  const unique = new Set(result.stdout.split('\n'));
  return stashes.filter((id) => unique.has(id)).length;
}

/** All but the last stash are in its reflog only; lines begin with the old and the new id. */
async function readStashes(clone: string, view: CloneView): Promise<string[]> {
  const last = view.refs.resolve('refs/stash');
  if (last === undefined) return [];
  const log = (await readRegularFile(join(clone, '.git/logs/refs/stash')).catch(() => undefined)) ?? '';
  const ids = log.split('\n').map((line) => line.split(' ')[1] ?? '');
  return [...new Set([last, ...ids.filter((id) => /^[0-9a-f]+$/.test(id) && id.length === last.length)])];
}

async function readHost(options: WorkOptions): Promise<{ tips: string[]; objects: string | undefined }> {
  const { repository, owner, signal } = options;
  const at: GitOptions = { cwd: repository, owner, signal };
  if (!(await lstat(repository).catch(() => undefined))?.isDirectory())
    return { tips: [], objects: undefined };
  const objects = await askGit(['rev-parse', '--path-format=absolute', '--git-path', 'objects'], at);
  if (objects === undefined) return { tips: [], objects: undefined };
  const list = ['for-each-ref', '--format=%(objectname)'];
  const refs = await requireGit(list, at, {
    code: 'failed',
    message: `cannot read the branches of ${repository}`,
  });
  const head = await askGit(['rev-parse', '--verify', '--quiet', 'HEAD'], at);
  const tips = [...refs.split('\n'), head ?? ''].filter((id) => id !== '');
  return { tips, objects };
}

/** A path in an alternates file is read as a C string where it begins with a quote (gitrepository-layout(5)). */
function quotePath(path: string): string {
  const octal = (byte: number) => `\\${byte.toString(8).padStart(3, '0')}`;
  const bytes = [...Buffer.from(path)];
  return `"${bytes.map((byte) => (byte < 0x20 || byte === 0x22 || byte === 0x5c ? octal(byte) : byte < 0x7f ? String.fromCharCode(byte) : octal(byte))).join('')}"`;
}

async function findFiles(
  { clone, owner }: WorkOptions,
  view: CloneView,
): Promise<Pick<UniqueWork, 'changed' | 'untracked'>> {
  await copyIndex(clone, view, owner);
  const result = await view.git([
    '-c',
    'core.bare=false',
    `--work-tree=${clone}`,
    'status',
    '--porcelain=v1',
    '-z',
    '--no-renames',
    '--untracked-files=normal',
    // In a submodule git would run another git, with the submodule's configuration.
    '--ignore-submodules=all',
  ]);
  if (!result.ok) throw toGitProblem(result, BROKEN);
  return parseStatus(result.stdout);
}

/** The output of `git status --porcelain=v1 -z --no-renames`: two letters, a space, a path. */
export function parseStatus(text: string): Pick<UniqueWork, 'changed' | 'untracked'> {
  const changed: string[] = [];
  const untracked: string[] = [];
  for (const entry of text.split('\0')) {
    if (entry === '') continue;
    (entry.startsWith('??') ? untracked : changed).push(entry.slice(3));
  }
  return { changed, untracked };
}
