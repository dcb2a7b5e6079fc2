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

/** All processes but our own line of ancestors. */
export async function readProcesses(): Promise<Process[]> {
  const all: Process[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const found = await readProcess(Number(entry)).catch(() => undefined); // it has ended
    if (found) all.push(found);
  }
  const byPid = new Map(all.map((process) => [process.pid, process]));
  const ancestors = new Set<number>();
  for (let at = byPid.get(process.pid); at; at = byPid.get(at.parent)) ancestors.add(at.pid);
  return all.filter(({ pid }) => !ancestors.has(pid));
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
 * A zombie that PID 1 has not reaped is the machine's fault and holds nothing: where PID 1 never reaps, every conmon
 * stays as one. A zombie of any other parent is counted.
 */
export function isCounted(process: Process, options: { lab: boolean; network: string }): boolean {
  if (process.state === 'Z' && process.parent === 1) return false;
  if (process.command === '' && process.state !== 'Z') return false; // the kernel's own threads
  if (options.lab && process.network === options.network) return true;
  return NAMES.test(process.name) || COMMANDS.test(process.command);
}

/** Processes of ours; in a lab all that share its network namespace. */
export async function listProcesses(options: CensusOptions): Promise<string[]> {
  const network = await readlink('/proc/self/ns/net');
  return (await readProcesses())
    .filter((process) => isCounted(process, { lab: options.lab, network }))
    .map(({ pid, startTime, name, command, state }) => {
      const what = `${pid} ${name} ${state === 'Z' ? '(defunct)' : command.slice(0, 160)}`;
      return `${what} @${startTime}`;
    });
}
