import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process, told from a later one that has its number by when it began: clock ticks since the host did (proc(5)). */
export interface ProcessId {
  pid: number;
  startTime: number;
}

const PAUSE_MS = 5;

/** Undefined where there is none of that number, or it has ended and only waits to be reaped. */
export function readProcessId(pid: number): ProcessId | undefined {
  try {
    return parseStat(pid, readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** `PID (NAME) STATE …`: the name may hold anything, so fields are counted from its end; the start time is the 22nd. */
export function parseStat(pid: number, stat: string): ProcessId | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTime = Number(fields[19]);
  if (fields[0] === 'Z' || fields[0] === 'X' || !Number.isInteger(startTime)) return undefined;
  return { pid, startTime };
}

export function isRunning(id: ProcessId): boolean {
  return readProcessId(id.pid)?.startTime === id.startTime;
}

/** Nothing where it has ended. */
export function signalProcess(id: ProcessId, signal: NodeJS.Signals): void {
  if (!isRunning(id)) return;
  try {
    process.kill(id.pid, signal);
  } catch (error) {
    // It ended between the look and the deed.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Whether it has ended within that time. */
export async function waitForEnd(id: ProcessId, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isRunning(id)) {
    if (performance.now() > deadline) return false;
    await sleep(PAUSE_MS);
  }
  return true;
}

/** Every process that can be looked at, with its command line as proc(5) has it: words with a NUL behind each. */
export async function listCommands(): Promise<{ id: ProcessId; command: string }[]> {
  const found: { id: ProcessId; command: string }[] = [];
  for (const name of await readdir('/proc')) {
    const id = /^\d+$/.test(name) ? readProcessId(Number(name)) : undefined;
    const command = id && (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => undefined));
    if (id && command) found.push({ id, command });
  }
  return found;
}
