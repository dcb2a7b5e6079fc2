import { randomBytes } from 'node:crypto';
import { lchown, mkdir, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { ensureFolder } from '../system/files.ts';
import type { Owner } from '../system/owner.ts';
import type { Paths } from '../system/paths.ts';

/** What the making of images keeps: bundles, fetched packages, and work folders while it runs. */
export const getImageCache = (paths: Paths): string => join(paths.cache, 'image');

const PREFIX = 'work-';

/**
 * Calls `use` with an empty folder that is gone afterwards, whatever happens; its path has no symbolic link in it, since
 * builders send such a context empty. Folders of processes that died are removed first.
 */
export async function withWorkFolder<T>(
  at: { cache: string; owner: Owner },
  use: (folder: string) => Promise<T>,
): Promise<T> {
  await ensureFolder(at.cache, { owner: at.owner });
  const cache = await realpath(at.cache);
  await sweep(cache);
  const folder = join(cache, `${PREFIX}${process.pid}-${randomBytes(4).toString('hex')}`);
  await mkdir(folder, { mode: 0o755 });
  try {
    if (process.getuid?.() === 0) await lchown(folder, at.owner.uid, at.owner.gid);
    return await use(folder);
  } finally {
    await removeTree(folder);
  }
}

async function sweep(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-')[0]) : Number.NaN;
    if (Number.isInteger(pid) && !isAlive(pid)) await removeTree(join(cache, name));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/**
 * Removes a folder and what is in it. Refuses where something is mounted below: a tool that was killed while it made a
 * root file system may have left the host's own /dev/shm there, and removing goes through mounts.
 */
export async function removeTree(folder: string, mountInfo = '/proc/self/mountinfo'): Promise<void> {
  const mounts = getMountPoints(await readFile(mountInfo, 'utf8').catch(() => ''));
  const inside = mounts.filter((point) => point === folder || point.startsWith(`${folder}/`));
  if (inside.length > 0) {
    throw new ProblemError({
      code: 'failed',
      message: `${folder} is not removed, because something is mounted in it`,
      why: inside.join('\n'),
      fix: `umount ${inside[0]}`,
    });
  }
  await rm(folder, { recursive: true, force: true });
}

/** The fifth field of each line, its octal escapes undone (proc(5)). */
export function getMountPoints(mountInfo: string): string[] {
  return mountInfo
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((point) => point !== undefined)
    .map((point) =>
      point.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8))),
    );
}
