import { lchown, mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Owner } from '../system/owner.ts';
import { getMode } from './content.ts';
import type { ImageFiles } from './source.ts';

/** One moment for all: the builder's cache must not depend on when a file was written. */
const EPOCH = new Date(0);

/**
 * Writes files below an existing folder. Folders get mode 0755 whatever the umask: `COPY rootfs/ /` gives theirs to
 * those of the image. With an owner, files and folders are that user's.
 */
export async function writeTree(folder: string, files: ImageFiles, owner?: Owner): Promise<void> {
  const folders = new Set<string>();
  for (const path of files.keys()) addParents(path, folders);
  for (const path of [...folders].sort()) {
    await mkdir(join(folder, path), { mode: 0o755 });
    await give(join(folder, path), owner);
  }
  for (const [path, bytes] of files) {
    const target = join(folder, path);
    await writeFile(target, bytes, { mode: getMode(bytes), flag: 'wx' });
    await utimes(target, EPOCH, EPOCH);
    await give(target, owner);
  }
}

async function give(path: string, owner: Owner | undefined): Promise<void> {
  if (owner && process.getuid?.() === 0) await lchown(path, owner.uid, owner.gid);
}

function addParents(path: string, folders: Set<string>): void {
  const parent = dirname(path);
  if (parent === '.') return;
  addParents(parent, folders);
  folders.add(parent);
}
