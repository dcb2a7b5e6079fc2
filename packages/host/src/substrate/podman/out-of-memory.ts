import { run } from '../../system/exec.ts';

const TIMEOUT_MS = 5000;
/** Between the kernel's line and the end that conmon saw. */
const TOLERANCE_MS = 10_000;

export interface Ended {
  /** The engine's id, which is in the name of its cgroup. */
  id: string;
  finishedAtMs: number;
}

/**
 * Which of these the kernel ended for want of memory, by its log. With cgroup v1 conmon does not see it (2.1.6): the
 * group is gone before it looks. Nothing where the log cannot be read.
 */
export async function findOutOfMemory(ended: readonly Ended[], signal: AbortSignal): Promise<Set<string>> {
  const log = await run(['dmesg', '--time-format', 'iso'], { timeoutMs: TIMEOUT_MS, signal });
  return log.ok ? parseKernelLog(log.stdout, ended) : new Set();
}

/** `<time> oom-kill:constraint=CONSTRAINT_MEMCG,…,oom_memcg=/libpod_parent/libpod-<id>,…` (dump_oom_summary, Linux 5.0). */
export function parseKernelLog(text: string, ended: readonly Ended[]): Set<string> {
  const found = new Set<string>();
  for (const line of text.split('\n')) {
    const [, time, group] = /^(\S+) oom-kill:.*\boom_memcg=([^,]+)/.exec(line) ?? [];
    if (time === undefined || group === undefined) continue;
    const atMs = Date.parse(time.replace(',', '.'));
    for (const { id, finishedAtMs } of ended) {
      if (group.includes(id) && Math.abs(finishedAtMs - atMs) <= TOLERANCE_MS) found.add(id);
    }
  }
  return found;
}
