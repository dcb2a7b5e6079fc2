import { dlopen, FFIType } from 'bun:ffi';
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { ProblemError } from '@cspace/protocol/problem';

/** flock(2). */
const LOCK_EX_NB = 2 | 4;

/**
 * Makes this process the only supervisor of a session folder. The kernel holds the lock (flock) and gives it back with
 * the process's death, however it dies: so there is no stale one to judge, as a file with a pid would be. The pid inside
 * is only for the message. Throws ProblemError `sandbox-busy` with the holder's pid. Returns what gives it back.
 */
export function takeLock(path: string): () => void {
  const { O_CREAT, O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = openSync(path, O_CREAT | O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0o600);
  const libc = dlopen(process.platform === 'darwin' ? 'libSystem.B.dylib' : 'libc.so.6', {
    flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  });
  const taken = libc.symbols.flock(file, LOCK_EX_NB) === 0;
  libc.close();
  if (!taken) {
    const holder = readFileSync(file, 'utf8').trim();
    closeSync(file);
    throw new ProblemError({
      code: 'sandbox-busy',
      message: `another supervisor has this session${holder === '' ? '' : `: process ${holder}`}`,
    });
  }
  ftruncateSync(file, 0);
  writeSync(file, `${process.pid}\n`, 0);
  return () => closeSync(file);
}
