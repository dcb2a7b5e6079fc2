import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

export interface ProcessFound {
  pid: number;
  argv: string[];
}

/** Of one microVM. */
export interface VmProcesses {
  qemu: ProcessFound | undefined;
  virtiofsd: ProcessFound[];
  all: ProcessFound[];
}

/** The file of a guest's memory, as /proc/PID/fd and smaps(5) call it: of memfd_create(2), or without a name in a tmpfs. */
export const GUEST_MEMORY = /^\/(memfd:cspace|#\d+) \(deleted\)$/;

/** Processes whose command line has the folder of a machine's state, or of all of them. */
export function findVmProcesses(folder: string): VmProcesses {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const argv = read(`/proc/${name}/cmdline`).split('\0').slice(0, -1);
      return argv.some((arg) => arg.includes(`${folder}/`)) ? [{ pid: Number(name), argv }] : [];
    });
  const named = (program: string) => all.filter(({ argv: [first = ''] }) => basename(first) === program);
  return { qemu: named('qemu-system-x86_64')[0], virtiofsd: named('virtiofsd'), all };
}

/** Fields of /proc/PID/status, of every thread; a field that differs between them has several values. */
export function readStatus(pid: number): Record<string, string> {
  const seen = new Map<string, Set<string>>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    for (const line of read(`/proc/${pid}/task/${thread}/status`).split('\n')) {
      const [name = '', value = ''] = line.split(':');
      seen.set(name, (seen.get(name) ?? new Set()).add(value.trim().replace(/\s+/g, ' ')));
    }
  }
  return Object.fromEntries([...seen].map(([name, values]) => [name, [...values].join(' | ')]));
}

/** What its descriptors are: a path, `socket:[INODE]`, `pipe:[INODE]` or `anon_inode:KIND`. */
export function readOpenFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return 'closed'; // between the listing and the look
    }
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended
  }
}
