import { open, readFile, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { run } from './exec.ts';

const ATTEMPTS = 5;
const COPY_TIMEOUT_MS = 10_000;
/** The file is a mount point (as in containers), or its folder is read-only. */
const NO_RENAME = ['EBUSY', 'EXDEV', 'EROFS', 'EACCES', 'EPERM'];
/** Every byte is a character: what is no UTF-8 stays as it is. */
const ENCODING = 'latin1';

/**
 * Changes a text file of the host's that is not ours alone. Mode, owner, attributes and the links that lead to it stay.
 * Replaced whole where the file system lets it, else rewritten where it is. Somebody else's change made meanwhile is
 * taken in: the edit is then done again on that. One call at a time. Throws the system's error.
 */
export async function editFile(path: string, edit: (text: string) => string): Promise<void> {
  const real = await realpath(path);
  // One name, so that what a killed call left is gone with the next one.
  const temporary = join(dirname(real), `.${basename(real)}.cspace`);
  await unlink(temporary).catch(() => undefined);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await stat(real, { bigint: true });
    const text = await readFile(real, ENCODING);
    const change = { path: real, temporary, before: text, after: edit(text) };
    if (change.after === text) return;
    const isSame = async () => {
      const now = await stat(real, { bigint: true });
      return now.ino === before.ino && now.mtimeNs === before.mtimeNs && now.size === before.size;
    };
    // Of a file with several names only the one would be replaced.
    const canReplace = before.nlink === 1n && (await isOurs(dirname(real)));
    const replaced = canReplace ? await replace(change, isSame) : 'impossible';
    if (replaced === 'done') return;
    if (replaced === 'impossible' && (await isSame())) return rewrite(change);
  }
  throw new Error(`${path} is being changed by somebody else all the time`);
}

/** In a folder that others write to they could put something in the way of the copy. */
async function isOurs(folder: string): Promise<boolean> {
  const { uid, mode } = await stat(folder);
  return uid === process.getuid?.() && (mode & 0o022) === 0;
}

interface Change {
  path: string;
  temporary: string;
  before: string;
  after: string;
}

async function replace(
  { path, temporary, after }: Change,
  isSame: () => Promise<boolean>,
): Promise<'done' | 'changed' | 'impossible'> {
  try {
    // A copy first: it brings along what a new file would lack (mode, owner, access lists, the label of SELinux).
    const copied = await run(['cp', '-a', '--', path, temporary], { timeoutMs: COPY_TIMEOUT_MS });
    if (!copied.ok && /No space|quota/.test(copied.stderr)) throw new Error(copied.stderr);
    if (!copied.ok) return 'impossible';
    const file = await open(temporary, 'r+');
    try {
      await file.truncate(0);
      await file.writeFile(after, ENCODING);
      await file.sync();
    } finally {
      await file.close();
    }
    if (!(await isSame())) return 'changed';
    await rename(temporary, path);
    return 'done';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (NO_RENAME.includes(code ?? '')) return 'impossible';
    throw error;
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

/** The new text over the old one, then cut to its length: at no moment is the file empty. */
async function rewrite({ path, before, after }: Change): Promise<void> {
  const file = await open(path, 'r+');
  try {
    try {
      await write(file, after);
    } catch (error) {
      // A full disk: what was there fits.
      await write(file, before);
      throw error;
    }
  } finally {
    await file.close();
  }
}

async function write(file: Awaited<ReturnType<typeof open>>, text: string): Promise<void> {
  const bytes = Buffer.from(text, ENCODING);
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, bytes.length - at, at)).bytesWritten;
  }
  await file.truncate(bytes.length);
  await file.sync();
}
