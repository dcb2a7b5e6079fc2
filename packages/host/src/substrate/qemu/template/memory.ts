import type { ProcessId } from '../../../system/process-id.ts';
import { signalProcess } from '../../../system/process-id.ts';
import { spawnWatched } from '../../../system/spawn-watched.ts';
import type { Cgroup } from '../cgroup.ts';
import type { Template } from './store.ts';

/** Only what is not empty is read and written; cp finds out by itself. */
const COPY = 'read go; exec cp --sparse=always -- "$0" "$1"';
/** The first descriptor that a child gets besides stdin, stdout and stderr. */
const MEMORY = '/proc/self/fd/3';

interface CopyOptions {
  cgroup: Cgroup | undefined;
  signal: AbortSignal;
}

/** Copies a template's memory into the empty file `memory`: what it takes is charged to the machine's own group. */
export function fillMemory(memory: number, { ram }: Template, options: CopyOptions): Promise<void> {
  return copy(['sh', '-c', COPY, ram, MEMORY], memory, options);
}

/** Copies a guest's memory into a new file. It makes way for whatever else there is to do. */
export function saveMemory(memory: number, ram: string, signal: AbortSignal): Promise<void> {
  return copy(['nice', '-n', '10', 'sh', '-c', COPY, MEMORY, ram], memory, { cgroup: undefined, signal });
}

async function copy(argv: string[], memory: number, { cgroup, signal }: CopyOptions): Promise<void> {
  signal.throwIfAborted();
  const child = spawnWatched(argv, [memory]);
  const { id } = child;
  const onAbort = () => id && end(id);
  signal.addEventListener('abort', onAbort);
  try {
    if (id) cgroup?.add(id.pid);
    child.say('go\n');
    const how = await child.ended;
    signal.throwIfAborted();
    if (how !== 'exit 0') throw new Error(`cp: ${child.getErrorText() || how}`);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

const end = (id: ProcessId) => signalProcess(id, 'SIGKILL');
