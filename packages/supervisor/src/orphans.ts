import { readdir, readFile } from 'node:fs/promises';
import { AGENT_MARK } from './agent-env.ts';

const SWEEP_TIMEOUT_MS = 10_000;
const RETRY_MS = 20;

interface Process {
  pid: number;
  parent: number;
  marked: boolean;
}

/**
 * Kills every process of an agent, of this supervisor or a dead one: those that carry the mark in their environment, in
 * whatever session or group they are (Claude Code gives each tool its own), and their children. Resolves with how many
 * there were, when all are gone. Throws where one survives SIGKILL for ten seconds: it could write to the transcript.
 */
export async function sweepAgents(mark: string, timeoutMs = SWEEP_TIMEOUT_MS): Promise<number> {
  const deadline = performance.now() + timeoutMs;
  const seen = new Set<number>();
  for (;;) {
    const found = getAgentProcesses(await readProcesses(mark));
    if (found.length === 0) return seen.size;
    if (performance.now() > deadline) {
      throw new Error(`processes of an earlier agent do not end: ${found.join(', ')}`);
    }
    for (const pid of found) {
      seen.add(pid);
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has gone in between.
      }
    }
    await Bun.sleep(RETRY_MS);
  }
}

/** The marked ones and all below them, never this process. */
export function getAgentProcesses(processes: readonly Process[]): number[] {
  const found = new Set(processes.filter((each) => each.marked).map((each) => each.pid));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const each of processes) if (found.has(each.parent)) found.add(each.pid);
  }
  found.delete(process.pid);
  return [...found];
}

async function readProcesses(mark: string): Promise<Process[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(names.map((name) => readProcess(Number(name), mark)));
  return all.filter((each) => each !== undefined);
}

/** Undefined where it has gone, is a zombie (nothing is left to kill), or belongs to somebody else. */
async function readProcess(pid: number, mark: string): Promise<Process | undefined> {
  try {
    const [stat, environ] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/environ`, 'latin1').catch(() => ''),
    ]);
    // proc_pid_stat(5): the name, in parentheses, may hold anything, parentheses included.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const wanted = Buffer.from(`${AGENT_MARK}=${mark}`).toString('latin1');
    return { pid, parent: Number(parent), marked: environ.split('\0').includes(wanted) };
  } catch {
    return undefined;
  }
}
