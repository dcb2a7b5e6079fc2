import { unlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { getSshPaths } from '../../../system/paths.ts';
import { listCommands, type ProcessId, signalProcess } from '../../../system/process-id.ts';

/** Far more than a client takes to see that its connection is gone. */
const LEAVE_MS = 2000;
const POLL_MS = 20;

interface Client {
  id: ProcessId;
  /** It has the connection that the others use. */
  isKept: boolean;
}

/**
 * Ends the machine's kept connection, and with it every command that runs over it: a guest that is gone would keep each
 * waiting until ssh is sure. Those who wait are told. Clients that do not leave by themselves are killed. Returns how many
 * there were.
 */
export async function endConnections(folder: string): Promise<number> {
  const found = await findClients(folder);
  for (const { id, isKept } of found) if (isKept) signalProcess(id, 'SIGKILL');
  const end = performance.now() + LEAVE_MS;
  for (let left = found; left.length > 0; left = await findClients(folder)) {
    await sleep(POLL_MS);
    // One that came a moment too late may be making a new connection.
    for (const { id, isKept } of left) if (isKept || performance.now() > end) signalProcess(id, 'SIGKILL');
  }
  await unlink(getSshPaths(folder).socket).catch(() => undefined);
  return found.length;
}

async function findClients(folder: string): Promise<Client[]> {
  const { config } = getSshPaths(folder);
  return (await listCommands()).flatMap(({ id, command }) => {
    const [program, ...args] = command.split('\0');
    if (program !== 'ssh' || !args.includes(config)) return [];
    return [{ id, isKept: args.includes('-M') }];
  });
}
