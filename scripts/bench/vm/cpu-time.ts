import { readFileSync } from 'node:fs';

/** Clock ticks a second (proc(5), USER_HZ). */
const HZ = 100;

/** What a process with all its threads has used of the processors, in milliseconds: steadier than the clock on a busy host. */
export function readCpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / HZ;
}
