import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, type FileHandle, lchown, lstat, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Owner } from './owner.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

export interface WriteOptions {
  /** File mode; 0600 by default. */
  mode?: number;
  owner?: Owner;
}

/**
 * Writes a file whole or not at all: beside it, fsync, rename, fsync of the folder (rename(2) alone is atomic but not
 * durable). Throws the system's error; the old file is then untouched.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  const temporary = join(dirname(path), `.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, options.mode ?? 0o600);
    try {
      // A mode that is asked for is meant, whatever the umask.
      if (options.mode !== undefined) await file.chmod(options.mode);
      if (options.owner && process.getuid?.() === 0) await file.chown(options.owner.uid, options.owner.gid);
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Makes a folder and the missing ones above it, each with the owner and mode given; those that exist stay as they are.
 * Throws ENOTDIR where something else has the name, a symbolic link included.
 */
export async function ensureFolder(path: string, options: WriteOptions = {}): Promise<void> {
  try {
    await mkdir(path, { mode: options.mode ?? 0o700 });
    if (options.mode !== undefined) await chmod(path, options.mode);
    if (options.owner && process.getuid?.() === 0) await lchown(path, options.owner.uid, options.owner.gid);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      await ensureFolder(dirname(path), options);
      return ensureFolder(path, options);
    }
    if (code !== 'EEXIST') throw error;
    const found = await lstat(path);
    if (!found.isDirectory()) {
      throw Object.assign(new Error(`ENOTDIR: not a folder: ${path}`), { code: 'ENOTDIR' });
    }
  }
}

/**
 * Opens a file that somebody hostile may have replaced: never through a symbolic link, never blocking on a FIFO.
 * Undefined where there is no regular file of that name. The caller closes it.
 */
export async function openRegularFile(path: string): Promise<FileHandle | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENXIO' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}

/** Reads a regular file of at most `maxBytes`; undefined where there is none. Throws RangeError where it is larger. */
export async function readRegularFile(
  path: string,
  maxBytes = 16 * 1024 * 1024,
): Promise<string | undefined> {
  const file = await openRegularFile(path);
  if (!file) return undefined;
  try {
    if ((await file.stat()).size > maxBytes) throw new RangeError(`${path} is larger than ${maxBytes} bytes`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** The last `maxBytes` of a regular file, or less where it is shorter; undefined where there is none. */
export async function readRegularFileEnd(path: string, maxBytes: number): Promise<Buffer | undefined> {
  const file = await openRegularFile(path);
  if (!file) return undefined;
  try {
    const { size } = await file.stat();
    const length = Math.min(size, maxBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
