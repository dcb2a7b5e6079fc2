import { readdir, readFile, unlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { getSshPaths } from '../../../system/paths.ts';

/** Far more than a client takes to see that its connection is gone. */
const LEAVE_MS = 2000;
const POLL_MS = 20;

interface Client {
  pid: number;
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
  for (const { pid, isKept } of found) if (isKept) kill(pid);
  const end = performance.now() + LEAVE_MS;
  for (let left = found; left.length > 0; left = await findClients(folder)) {
    await sleep(POLL_MS);
    // One that came a moment too late may be making a new connection.
    for (const { pid, isKept } of left) if (isKept || performance.now() > end) kill(pid);
  }
  await unlink(getSshPaths(folder).socket).catch(() => undefined);
  return found.length;
}

async function findClients(folder: string): Promise<Client[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const clients = await Promise.all(pids.map((pid) => readClient(Number(pid), getSshPaths(folder))));
  return clients.filter((client) => client !== undefined);
}

async function readClient(
  pid: number,
  { config }: ReturnType<typeof getSshPaths>,
): Promise<Client | undefined> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const [program, ...args] = text.split('\0');
  if (program !== 'ssh' || !args.includes(config)) return undefined;
  return { pid, isKept: args.includes('-M') };
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}
