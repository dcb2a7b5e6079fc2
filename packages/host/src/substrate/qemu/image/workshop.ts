import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryLockFile } from '../../../system/file-lock.ts';
import { ensureFolder } from '../../../system/files.ts';
import { LOCK_FILE, PREFIXES } from './store.ts';

const POLL_MS = 200;
/** Root's: the store belongs to no user. */
const ROOT = { uid: 0, gid: 0 };

export interface Workshop {
  /** The store's real path: builders send a folder behind a symbolic link empty. */
  store: string;
  /** An empty folder on the same file system, gone afterwards. */
  folder: string;
}

/**
 * Calls `use` while nobody else on this host works in the store: the kernel gives the lock back however its holder ends.
 * What a killed one left in the making is removed first.
 */
export async function withWorkshop<T>(
  at: { store: string; signal: AbortSignal; onWait: () => void },
  use: (workshop: Workshop) => Promise<T>,
): Promise<T> {
  await ensureFolder(at.store, { mode: 0o755 });
  const store = await realpath(at.store);
  const release = await lock(join(store, LOCK_FILE), at);
  try {
    await sweep(store);
    const folder = join(store, `${PREFIXES.partial}${randomBytes(6).toString('hex')}`);
    await mkdir(folder, { mode: 0o700 });
    try {
      return await use({ store, folder });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  } finally {
    release();
  }
}

async function lock(path: string, at: { signal: AbortSignal; onWait: () => void }): Promise<() => void> {
  let waited = false;
  for (;;) {
    at.signal.throwIfAborted();
    const release = tryLockFile(path, ROOT);
    if (release) return release;
    if (!waited) at.onWait();
    waited = true;
    await sleep(POLL_MS, undefined, { signal: at.signal });
  }
}

async function sweep(store: string): Promise<void> {
  const left = (await readdir(store)).filter((name) => name.startsWith(PREFIXES.partial));
  for (const name of left) await rm(join(store, name), { recursive: true, force: true });
}

/**
 * Puts what was made in its place, whole: on the disk first, then under its name. A folder that is there already was
 * not whole, and goes.
 */
export async function putInPlace(made: string, place: string): Promise<void> {
  const isFolder = (await stat(made)).isDirectory();
  const files = isFolder ? (await readdir(made)).map((name) => join(made, name)) : [made];
  for (const path of files) {
    // Root's umask may be narrow; a machine's QEMU is nobody's.
    await chmod(path, 0o644);
    await sync(path);
  }
  if (isFolder) {
    await chmod(made, 0o755);
    await sync(made);
    await rm(place, { recursive: true, force: true });
  }
  await rename(made, place);
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
