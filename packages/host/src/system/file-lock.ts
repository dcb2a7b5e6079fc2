import { dlopen, FFIType } from 'bun:ffi';
import { closeSync, constants, fchownSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { LIBC } from './libc.ts';
import type { Owner } from './owner.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Takes flock(2) on a file for as long as this process lives: the kernel gives it back however the process ends, so
 * that there is no stale lock to judge and no reused pid to be fooled by. Neither Node nor Bun has the call; libc does.
 * Returns how to release it, or undefined where another process holds it.
 */
export function tryLockFile(path: string, owner: Owner): (() => void) | undefined {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  if (!tryLock(fd)) {
    closeSync(fd);
    return undefined;
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`);
  if (process.getuid?.() === 0) fchownSync(fd, owner.uid, owner.gid);
  return () => closeSync(fd);
}

/** The same on a file that is open: held until it is closed. False where another one holds it. */
export function tryLock(fd: number): boolean {
  const libc = dlopen(LIBC, {
    flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  });
  return libc.symbols.flock(fd, LOCK_EX | LOCK_NB) === 0;
}
