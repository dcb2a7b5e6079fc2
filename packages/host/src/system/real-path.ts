import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * The one name of an existing file or folder: without links, and with the case that the file system keeps. Where that does
 * not tell cases apart (macOS), `/users/ada` and `/Users/ada` are the same folder; only the system's own realpath(3) knows.
 */
export const getRealPath = (path: string): string => realpathSync.native(path);

/** The same; undefined where nothing is. */
export function getRealPathIfThere(path: string): string | undefined {
  return existsSync(path) ? getRealPath(path) : undefined;
}

/** Whether both paths lead to the same folder, however they are written. False where one of them leads nowhere. */
export function isSameFolder(a: string, b: string): boolean {
  if (a === b) return true;
  const [one, other] = [a, b].map((path) => statSync(path, { throwIfNoEntry: false }));
  return one !== undefined && one.dev === other?.dev && one.ino === other.ino;
}

/** Whether an existing folder is on a file system that does not tell cases apart: it answers to its name in capitals too. */
export function ignoresCase(folder: string): boolean {
  const name = basename(folder);
  const other = name.toUpperCase() === name ? name.toLowerCase() : name.toUpperCase();
  return other !== name && isSameFolder(folder, join(dirname(folder), other));
}
