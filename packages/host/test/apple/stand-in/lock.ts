import { closeSync, openSync } from 'node:fs';
import { tryLock } from '../../../src/system/file-lock.ts';

const PAUSE_MS = 10;
const TIMEOUT_MS = 60_000;

/** Does something while nobody else holds the file's lock, which goes with the process however it ends. */
export async function withLock<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  const deadline = performance.now() + TIMEOUT_MS;
  const fd = openSync(path, 'a');
  try {
    while (!tryLock(fd)) {
      if (performance.now() > deadline) throw new Error(`the stand-in waited too long for ${path}`);
      await Bun.sleep(PAUSE_MS);
    }
    return await work();
  } finally {
    closeSync(fd);
  }
}
