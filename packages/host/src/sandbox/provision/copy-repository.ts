import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { askGit, type GitOptions, git, toGitProblem } from '../../git/git.ts';
import type { SourceFacts } from '../../git/source.ts';
import { getCopyTreeArgv } from '../../system/copy-tree.ts';
import { run } from '../../system/exec.ts';
import { ensureFolder } from '../../system/files.ts';
import { removeTree } from './remove-tree.ts';

export interface Target {
  facts: SourceFacts;
  folder: string;
}

interface Original {
  source: string;
  /** Of the clone, `key=value` each. */
  settings: readonly string[];
}

/** What the user's own configuration could say and must not for this one command. */
export const OUR_WAY = [
  'clone.rejectShallow=false',
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'fetch.fsckObjects=false',
  'fetch.prune=false',
  'fetch.recurseSubmodules=false',
  'maintenance.auto=false',
  'protocol.file.allow=always',
  'submodule.recurse=false',
  'transfer.fsckObjects=false',
].flatMap((setting) => ['-c', setting]);

/** Ways to bring the objects, the best first. */
const WAYS = ['--shared', '--no-hardlinks', '--no-local'] as const;

/**
 * `git clone` without a checkout. Where that is safe its objects are copied by cp(1), which on a file system with
 * copy-on-write takes no time and no space (ADR 42); where that failed (links in the folder, a repack at the same time) by
 * git, file by file; else, or where objects are borrowed (the copy would borrow on, from a path that leads nowhere inside),
 * through a pack. Never with hard links. Throws `clone-failed`.
 */
export async function copyRepository(
  { source, settings }: Original,
  at: GitOptions,
  { facts, folder }: Target,
): Promise<void> {
  const config = settings.flatMap((line) => ['--config', line]);
  const rest = [...config, '--', source, folder];
  for (const way of facts.borrowsObjects ? WAYS.slice(-1) : WAYS) {
    const args = ['clone', '--quiet', '--no-checkout', '--template=', '--origin=host', way, ...rest];
    const result = await git([...OUR_WAY, ...args], at);
    if (result.ok && (way !== '--shared' || (await copyObjects(at, folder)))) break;
    at.signal?.throwIfAborted();
    if (!result.ok && (way === WAYS.at(-1) || result.cancelled || result.timedOut || result.notFound)) {
      throw toGitProblem(result, { code: 'clone-failed', message: `cannot clone ${source}` });
    }
    await removeTree(folder, { owner: at.owner });
    await ensureFolder(folder, { owner: at.owner });
  }
  if (await borrows(folder)) {
    throw new ProblemError({
      code: 'clone-failed',
      message: 'the clone borrows objects of the host repository',
    });
  }
}

const COPY_TIMEOUT_MS = 30 * 60_000;
const ALTERNATES = join('.git', 'objects', 'info', 'alternates');

const borrows = async (folder: string): Promise<boolean> =>
  (await lstat(join(folder, ALTERNATES)).catch(() => undefined)) !== undefined;

/**
 * Gives a clone that borrows all objects its own ones. False where they could not be copied whole: then the clone is of no
 * use. A source that is shallow git has copied already.
 */
async function copyObjects(at: GitOptions, folder: string): Promise<boolean> {
  if (!(await borrows(folder))) return true;
  const from = await askGit(['rev-parse', '--path-format=absolute', '--git-path', 'objects'], at);
  if (from === undefined || !(await hasOnlyFiles(from))) return false;
  const { owner, timeoutMs = COPY_TIMEOUT_MS, signal } = at;
  const options = { owner, timeoutMs, ...(signal === undefined ? {} : { signal }) };
  const copied = await run(getCopyTreeArgv(from, join(folder, '.git', 'objects')), options);
  if (!copied.ok) return false;
  return (await run(['rm', '--', join(folder, ALTERNATES)], options)).ok;
}

/** A link in there would lead out of the clone. */
async function hasOnlyFiles(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.length > 0 && entries.every((entry) => entry.isFile() || entry.isDirectory());
}
