import { randomBytes } from 'node:crypto';
import { lstat, readdir, rmdir, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type GitOptions, git } from '../../git/git.ts';
import type { RunResult } from '../../system/exec.ts';
import { ensureFolder, openRegularFile, readRegularFile, writeFileAtomic } from '../../system/files.ts';
import type { Owner } from '../../system/owner.ts';
import { linkObjects } from './clone-objects.ts';
import { type CloneRefs, getCloneGitDir, readRefs } from './clone-refs.ts';
import { removeTree } from './remove-tree.ts';

export interface ViewOptions {
  clone: string;
  owner: Owner;
  signal: AbortSignal;
  /** For each run of git in it; 60 seconds by default. */
  timeoutMs?: number;
}

/** A git folder of ours, with the objects and refs of a clone and none of its configuration. */
export interface CloneView {
  gitDir: string;
  refs: CloneRefs;
  /** Runs git on it, with our configuration alone. */
  git(args: readonly string[], more?: Pick<GitOptions, 'input' | 'env'>): Promise<RunResult>;
}

const MAX_INDEX_BYTES = 512 * 1024 * 1024;
/** No call takes this long: an older view is what a crash left. */
const STALE_MS = 24 * 3600 * 1000;

/**
 * Calls `use` with a view of a clone, and takes the view away again.
 *
 * The clone is the guest's to write, and git runs what a repository's configuration names: hooks, fsmonitor, filters,
 * ssh commands, aliases, includes. So git is never run on the clone's own git folder. It runs on one beside it (same
 * file system, never bound into a guest), whose configuration we wrote, whose objects are hard links to the clone's
 * object files and nothing else, and whose refs we read from the clone as text.
 * Throws ProblemError `sandbox-broken` where the clone's git folder is not a real folder.
 */
export async function withCloneView<T>(
  options: ViewOptions,
  use: (view: CloneView) => Promise<T>,
): Promise<T> {
  const { clone, owner, signal } = options;
  const source = await getCloneGitDir(clone);
  const refs = await readRefs(clone);
  const views = getViewsFolder(clone);
  await removeStale(views, owner);
  const gitDir = join(views, randomBytes(6).toString('hex'));
  await ensureFolder(gitDir, { owner });
  try {
    await writeView(gitDir, refs, { source, owner, signal });
    return await use({
      gitDir,
      refs,
      git: (args, more = {}) =>
        git([`--git-dir=${gitDir}`, ...args], {
          cwd: gitDir,
          owner,
          signal,
          isolated: true,
          ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
          ...more,
          // `~` in anything git reads, and the safety check of the folder's owner, have nothing to find.
          env: { HOME: gitDir, ...more.env },
        }),
    });
  } finally {
    await removeTree(gitDir, { owner });
    // The last one out; another view at the same time keeps it.
    await rmdir(views).catch(() => undefined);
  }
}

/** Where views of a clone stand while they are used; what a crash left there goes with the clone. */
export function getViewsFolder(clone: string): string {
  return join(dirname(clone), `.${basename(clone)}.view`);
}

interface Making {
  source: string;
  owner: Owner;
  signal: AbortSignal;
}

async function writeView(gitDir: string, refs: CloneRefs, { source, owner, signal }: Making): Promise<void> {
  for (const folder of ['objects', 'objects/info', 'objects/pack', 'refs', 'refs/heads', 'info']) {
    await ensureFolder(join(gitDir, folder), { owner });
  }
  await linkObjects(join(source, 'objects'), join(gitDir, 'objects'), { owner, signal });
  const format = getObjectFormat(refs);
  await writeFileAtomic(join(gitDir, 'config'), getViewConfig(format), { owner });
  await writeFileAtomic(join(gitDir, 'packed-refs'), getPackedRefs(refs), { owner });
  await writeFileAtomic(join(gitDir, 'HEAD'), `${refs.head ?? 'ref: refs/heads/none'}\n`, { owner });
  const shallow = await readShallow(source);
  if (shallow !== '') await writeFileAtomic(join(gitDir, 'shallow'), shallow, { owner });
}

/** `sha256` where the ids are that long. */
function getObjectFormat(refs: CloneRefs): 'sha1' | 'sha256' {
  const [id] = refs.head === undefined ? refs.all.values() : [refs.head];
  return id?.length === 64 ? 'sha256' : 'sha1';
}

function getViewConfig(format: 'sha1' | 'sha256'): string {
  return [
    '[core]',
    `\trepositoryformatversion = ${format === 'sha256' ? 1 : 0}`,
    '\tbare = true',
    '\tcheckStat = minimal',
    '\ttrustctime = false',
    '\tfsmonitor = false',
    '\tuntrackedCache = false',
    '\tcommitGraph = false',
    '\tmultiPackIndex = false',
    '\thooksPath = /dev/null',
    '\tattributesFile = /dev/null',
    '\texcludesFile = /dev/null',
    '[gc]',
    '\tauto = 0',
    ...(format === 'sha256' ? ['[extensions]', '\tobjectFormat = sha256'] : []),
    '',
  ].join('\n');
}

/** Sorted, as the header says: git searches the file by halves. */
function getPackedRefs(refs: CloneRefs): string {
  const sorted = [...refs.all].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `# pack-refs with: sorted\n${sorted.map(([name, id]) => `${id} ${name}\n`).join('')}`;
}

/** The commits at which a shallow clone ends; anything else in the file is dropped. */
async function readShallow(source: string): Promise<string> {
  const text = (await readRegularFile(join(source, 'shallow')).catch(() => undefined)) ?? '';
  const ids = text.split('\n').filter((line) => /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(line));
  return ids.map((id) => `${id}\n`).join('');
}

/**
 * Copies the clone's index into a view, so that git can compare the work tree with it; false where there is none.
 * Its time is put back to the full second of the original: an index that seems newer than a change hides the change.
 */
export async function copyIndex(clone: string, view: CloneView, owner: Owner): Promise<boolean> {
  const file = await openRegularFile(join(clone, '.git', 'index'));
  if (!file) return false;
  try {
    const { size, mtimeMs } = await file.stat();
    if (size > MAX_INDEX_BYTES) throw new RangeError('the index of the clone is too large');
    const path = join(view.gitDir, 'index');
    await writeFileAtomic(path, await file.readFile(), { owner });
    const seconds = Math.floor(mtimeMs / 1000);
    await utimes(path, seconds, seconds);
  } finally {
    await file.close();
  }
  // Patterns only; tools put what is theirs there, so that it does not show as untracked.
  const exclude = await readRegularFile(join(clone, '.git', 'info', 'exclude')).catch(() => undefined);
  if (exclude !== undefined) await writeFileAtomic(join(view.gitDir, 'info', 'exclude'), exclude, { owner });
  return true;
}

async function removeStale(views: string, owner: Owner): Promise<void> {
  const names = await readdir(views).catch(() => []);
  for (const name of names) {
    const found = await lstat(join(views, name)).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > STALE_MS) await removeTree(join(views, name), { owner });
  }
}
