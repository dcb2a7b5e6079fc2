import { link, lstat, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { ensureFolder } from '../../system/files.ts';
import type { Owner } from '../../system/owner.ts';

const FAN_OUT = /^[0-9a-f]{2}$/;
const LOOSE = /^[0-9a-f]{38}(?:[0-9a-f]{24})?$/;
const PACK = /^pack-[0-9a-f]{40}(?:[0-9a-f]{24})?\.(?:pack|idx)$/;
const MAX_FILES = 2_000_000;
const AT_ONCE = 64;

/**
 * Gives a folder `to` the object files of a clone under a second name (hard links), and nothing else of it: only names
 * that objects and packs have, and only regular files. So what else a guest can put there (links, FIFOs, alternates that
 * borrow from elsewhere on the host, commit graphs and indexes that lie) is not there to be read, whenever it is put.
 * Content can still be changed under our eyes; git checks it by its hash where it takes it over.
 */
export async function linkObjects(
  from: string,
  to: string,
  { owner, signal }: { owner: Owner; signal: AbortSignal },
): Promise<void> {
  let files = 0;
  for (const folder of await list(from)) {
    const names = FAN_OUT.test(folder) ? LOOSE : folder === 'pack' ? PACK : undefined;
    if (!names) continue;
    const found = (await list(join(from, folder))).filter((name) => names.test(name));
    files += found.length;
    if (files > MAX_FILES)
      throw new ProblemError({ code: 'sandbox-broken', message: 'the clone has too many objects' });
    await ensureFolder(join(to, folder), { owner });
    for (let start = 0; start < found.length; start += AT_ONCE) {
      signal.throwIfAborted();
      const some = found.slice(start, start + AT_ONCE);
      await Promise.all(some.map((name) => linkRegular(join(from, folder, name), join(to, folder, name))));
    }
  }
}

/** link(2) follows no link at the end of a path, so what comes of one is a link, and is taken away again. */
async function linkRegular(from: string, to: string): Promise<void> {
  try {
    if (!(await lstat(from)).isFile()) return;
    await link(from, to);
    if (!(await lstat(to)).isFile()) await unlink(to);
  } catch (error) {
    // A repack inside takes files away while we look; what is missing then, git will name.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** The names in a real folder; none where it is a link or gone. */
async function list(path: string): Promise<string[]> {
  if (!(await lstat(path).catch(() => undefined))?.isDirectory()) return [];
  return readdir(path).catch(() => []);
}
