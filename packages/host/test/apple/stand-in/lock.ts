import { dlopen, FFIType } from 'bun:ffi';
import { closeSync, openSync } from 'node:fs';
import { LIBC } from '../../../src/system/libc.ts';

const LOCK_EX = 2;

/** Does something while nobody else holds the file's lock, which goes with the process however it ends. The kernel does the waiting. */
export async function withLock<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  const fd = openSync(path, 'a');
  try {
    const { symbols } = dlopen(LIBC, {
      flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    });
    if (symbols.flock(fd, LOCK_EX) !== 0) throw new Error(`the stand-in cannot lock ${path}`);
    return await work();
  } finally {
    closeSync(fd);
  }
}
