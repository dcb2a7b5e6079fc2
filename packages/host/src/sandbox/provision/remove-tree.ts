import { ProblemError } from '@cspace/protocol/problem';
import { getTail, run } from '../../system/exec.ts';
import type { Owner } from '../../system/owner.ts';

export interface RemoveOptions {
  /** Removed as this user: what it may not remove is an error, not a thing for root. */
  owner: Owner;
  signal?: AbortSignal;
}

const TRIES = 3;

/**
 * Removes a folder and all in it, as the owner; nothing where it is gone. By rm(1) in a process of its own: a large tree
 * would hold up the daemon's loop, and rm never leaves the tree through a symbolic link.
 */
export async function removeTree(path: string, { owner, signal }: RemoveOptions): Promise<void> {
  for (let left = TRIES; ; left -= 1) {
    const result = await run(['rm', '-rf', '--', path], {
      owner,
      timeoutMs: 10 * 60_000,
      ...(signal === undefined ? {} : { signal }),
    });
    if (result.ok) return;
    // A program of an earlier daemon may still be writing into it: the folder was emptied and is not empty.
    const again = /Directory not empty/.test(result.stderr) && left > 1;
    if (again) continue;
    if (result.cancelled) throw new ProblemError({ code: 'interrupted', message: 'interrupted' });
    throw new ProblemError({ code: 'failed', message: `cannot remove ${path}`, why: getTail(result.stderr) });
  }
}
