import { getVmFiles } from '../../system/paths.ts';
import { listCommands, signalProcess, waitForEnd } from '../../system/process-id.ts';
import { parseOwnCommand } from './argv.ts';
import { listCgroups, removeCgroup } from './cgroup.ts';
import type { Context } from './context.ts';
import { endConnections } from './ssh/connections.ts';

/**
 * Takes away what a daemon that was killed has left half made: guests that nobody told who they are, servers of folders
 * without a guest, folders and groups of processes without a machine. What runs is left alone, to be adopted.
 */
export async function reapLeftovers(context: Context): Promise<void> {
  const records = new Map((await context.store.list()).map((record) => [record.id, record]));
  await endLeftProcesses(context, (id) => records.get(id)?.phase !== 'running');
  for (const record of records.values()) {
    if (record.phase !== 'starting') continue;
    const phase = record.exit ? 'ended' : 'created';
    await context.store.put({ ...record, phase, qemu: null, share: null, address: null });
  }
  for (const id of await context.store.listIds()) if (!records.has(id)) await context.store.remove(id);
  const { homeLabel } = context;
  for (const id of listCgroups(homeLabel)) if (!records.has(id)) await removeCgroup({ homeLabel, id });
}

/** Of machines that are so, by the path of their folder on their command line: also of those that nobody wrote down. */
export async function endLeftProcesses(context: Context, isLeft: (id: string) => boolean): Promise<void> {
  const { folder } = context.store;
  const ended = new Set<string>();
  for (const { id: process, command } of await listCommands()) {
    const machine = parseOwnCommand(command, folder);
    if (machine === undefined || !isLeft(machine)) continue;
    ended.add(machine);
    signalProcess(process, 'SIGKILL');
    await waitForEnd(process, context.deadlines.end);
  }
  for (const id of ended) await endConnections(getVmFiles(folder, id).folder);
}
