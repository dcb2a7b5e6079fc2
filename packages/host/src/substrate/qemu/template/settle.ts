import { readdir, readFile } from 'node:fs/promises';
import { pause } from '../../../system/abort.ts';

const PAUSE_MS = 100;
/** Looks in a row at which at most `MOST_BUSY` saw it work: a guest that has nothing to do has timers all the same. */
const LOOKS = 20;
const MOST_BUSY = 2;

/** Waits until the process has nothing to do, or the signal. What it waits for on a busy host is not nothing. */
export async function waitUntilIdle(pid: number, signal: AbortSignal): Promise<void> {
  const looks: boolean[] = [];
  while (!signal.aborted) {
    looks.push(await isBusy(pid));
    const last = looks.slice(-LOOKS);
    if (last.length === LOOKS && last.filter((busy) => busy).length <= MOST_BUSY) return;
    await pause(PAUSE_MS, signal);
  }
}

/** Whether a thread of it runs, would like to, or waits for a disk (proc(5)). */
async function isBusy(pid: number): Promise<boolean> {
  const folder = `/proc/${pid}/task`;
  const threads = await readdir(folder);
  const states = await Promise.all(
    threads.map(async (thread) => {
      const stat = await readFile(`${folder}/${thread}/stat`, 'utf8').catch(() => '');
      return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
    }),
  );
  return states.some((state) => state === 'R' || state === 'D');
}
