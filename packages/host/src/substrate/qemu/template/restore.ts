import { createReadStream } from 'node:fs';
import { createConnection } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { pause } from '../../../system/abort.ts';
import { getFoldersCommands, getSocket } from '../argv.ts';
import type { Qmp } from '../qmp.ts';
import type { Template } from './store.ts';

const PAUSE_MS = 3;
const Status = z.object({ status: z.string() });
/** The memory itself is shared: what goes by the stream is the devices' state. The same on both sides. */
export const CAPABILITIES = { capabilities: [{ capability: 'x-ignore-shared', state: true }] };

export interface RestoreOptions {
  template: Template;
  /** Folder of QEMU's sockets. */
  sockets: string;
  timeoutMs: number;
  signal: AbortSignal;
}

/**
 * Makes of a QEMU that has the template's memory and waits the guest that the template was, with the machine's folders, and
 * lets it go on: it says `ready` anew. Throws where QEMU will not.
 */
export async function restoreGuest(
  qmp: Qmp,
  { template, sockets, timeoutMs, signal: given }: RestoreOptions,
): Promise<void> {
  const signal = AbortSignal.any([given, AbortSignal.timeout(timeoutMs)]);
  const socket = getSocket(sockets, 'state');
  await qmp.execute('migrate-set-capabilities', CAPABILITIES);
  await qmp.execute('migrate-incoming', { uri: `unix:${socket}` });
  await pipeline(createReadStream(template.state), createConnection({ path: socket }), { signal });
  while (Status.parse(await qmp.execute('query-status')).status === 'inmigrate') {
    signal.throwIfAborted();
    await pause(PAUSE_MS, signal);
  }
  for (const [command, args] of getFoldersCommands(sockets)) await qmp.execute(command, args);
  await qmp.execute('cont');
}
