import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface CountOptions {
  /** Paths in the folder that do not count, with all that is in them. */
  skip: readonly string[];
  /** It stops counting there. */
  most: number;
  signal: AbortSignal;
}

/**
 * Files and folders in a folder; what is more than `most` is `most + 1`. Never through symbolic links; what cannot be
 * read counts as empty. A figure to go by: what changes meanwhile may be counted or not.
 */
export async function countFiles(folder: string, { skip, most, signal }: CountOptions): Promise<number> {
  const open = [''];
  let count = 0;
  for (let path = open.pop(); path !== undefined && count <= most; path = open.pop()) {
    signal.throwIfAborted();
    const entries = await readdir(join(folder, path), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const own = join(path, entry.name);
      if (skip.includes(own)) continue;
      count += 1;
      if (entry.isDirectory()) open.push(own);
    }
  }
  return Math.min(count, most + 1);
}
