import { readFileSync } from 'node:fs';

/** Both layouts that a sandbox may see: cgroup v2 at the root of its namespace, and v1. */
const FILES = ['/sys/fs/cgroup/memory.events', '/sys/fs/cgroup/memory/memory.oom_control'];

/** How often the kernel has killed something here for want of memory; 0 where it does not say. */
export function countOomKills(files: readonly string[] = FILES): number {
  for (const file of files) {
    try {
      const count = /^oom_kill (\d+)$/m.exec(readFileSync(file, 'utf8'))?.[1];
      if (count !== undefined) return Number(count);
    } catch {
      // The other layout, or none.
    }
  }
  return 0;
}
