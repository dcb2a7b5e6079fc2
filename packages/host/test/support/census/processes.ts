import { readdir, readFile, readlink } from 'node:fs/promises';
import type { CensusOptions } from '../census.ts';

export interface Process {
  pid: number;
  parent: number;
  /** One letter of proc(5): `Z` is a zombie. */
  state: string;
  name: string;
  command: string;
  /** Ticks since boot: with the pid, what tells a process from a later one of the same pid. */
  startTime: string;
  /** Inode of its network namespace; empty where it cannot be read. */
  network: string;
}

/**
 * Programs that live on in a sandbox or beside it, by name (the kernel keeps 15 characters of it). Those that run for a
 * moment, such as podman, count only in a lab, where they share its namespace.
 */
const NAMES = /^(cspace.*|conmon|tini|catatonit|claude|dnsmasq)$/;

/** Programs run by an interpreter, by their command line: the supervisor, the daemon of a checkout, planted ones. */
const COMMANDS = /cspace-\w|\/main\.ts daemon\b/;

/** QEMU, virtiofsd and ssh of a microVM, wherever they have their network, by the folder of its state. */
const OF_MICROVM = /\/run\/cspace\/[0-9a-f]{12}\/vm\//;

/** All processes, by pid. */
async function readProcesses(): Promise<Map<number, Process>> {
  const all = new Map<number, Process>();
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const found = await readProcess(Number(entry)).catch(() => undefined); // it has ended
    if (found) all.set(found.pid, found);
  }
  return all;
}

async function readProcess(pid: number): Promise<Process> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').join(' ').trim();
  return {
    pid,
    parent: Number(fields[1]),
    state: fields[0] ?? '?',
    name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
    command,
    startTime: fields[19] ?? '',
    network: await readlink(`/proc/${pid}/ns/net`).catch(() => ''),
  };
}

/**
 * Whether a process counts. In a lab: all that share its namespace, and all below them (a container's processes have a
 * namespace of their own and conmon above them), and programs of ours that nobody is above any more, virtiofsd among
 * them, which has no network. What stands below somebody else is theirs, another checkout's tests say. Outside of a lab
 * names decide alone.
 *
 * A zombie that PID 1 has not reaped is the machine's fault and holds nothing: where PID 1 never reaps, every conmon
 * stays as one. A zombie of any other parent counts.
 */
export function isCounted(process: Process, all: ReadonlyMap<number, Process>, lab?: string): boolean {
  if (process.state === 'Z' && process.parent === 1) return false;
  if (process.command === '' && process.state !== 'Z') return false; // the kernel's own threads
  const named = [NAMES.test(process.name), COMMANDS.test(process.command), OF_MICROVM.test(process.command)];
  if (lab === undefined) return named.includes(true);
  const line = [process, ...getAncestors(process, all)];
  if (line.some(({ network }) => network === lab)) return true;
  if (line.every(({ command }) => OF_MICROVM.test(command))) return true;
  return named.includes(true) && line.every(({ name }) => NAMES.test(name) && name !== 'conmon');
}

/** The parents upwards, PID 1 left out. */
function getAncestors(process: Process, all: ReadonlyMap<number, Process>): Process[] {
  const found: Process[] = [];
  for (let at = all.get(process.parent); at && at.pid !== 1; at = all.get(at.parent)) found.push(at);
  return found;
}

/** Processes of ours; in a lab all that share its network namespace. */
export async function listProcesses(options: CensusOptions): Promise<string[]> {
  const all = await readProcesses();
  const self = all.get(process.pid);
  const own = new Set(self ? [self, ...getAncestors(self, all)].map(({ pid }) => pid) : []);
  const lab = options.lab ? await readlink('/proc/self/ns/net') : undefined;
  const others = new Map([...all].filter(([pid]) => !own.has(pid)));
  return [...others.values()]
    .filter((process) => isCounted(process, others, lab))
    .map(({ pid, startTime, name, command, state }) => {
      const what = `${pid} ${name} ${state === 'Z' ? '(defunct)' : command.slice(0, 160)}`;
      return `${what} @${startTime}`;
    });
}
