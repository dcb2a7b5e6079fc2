import { readdir, readFile } from 'node:fs/promises';

/** In the environment of all that a command in a sandbox starts: how it is found to be ended. */
export const EXEC_MARKER = 'CSPACE_EXEC';

/**
 * Sends a signal to every process whose environment holds `name=value` (proc(5), /proc/PID/environ), children that went
 * on in a session of their own included. Returns how many there were.
 */
export async function signalMarked(name: string, value: string, signal: NodeJS.Signals): Promise<number> {
  const entry = Buffer.from(`${name}=${value}\0`);
  let signalled = 0;
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    try {
      if (!(await readFile(`/proc/${pid}/environ`)).includes(entry)) continue;
      process.kill(Number(pid), signal);
      signalled++;
    } catch {
      // It ended meanwhile, or is not ours to read.
    }
  }
  return signalled;
}
