import { createWriteStream } from 'node:fs';
import { chown } from 'node:fs/promises';
import { createServer } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { pause, rejectOnAbort } from '../../../system/abort.ts';
import type { Qmp } from '../qmp.ts';
import { CAPABILITIES } from './restore.ts';

const PAUSE_MS = 10;
const Migration = z.object({ status: z.string().optional(), 'error-desc': z.string().optional() });

export interface SaveOptions {
  /** Path of a socket that is made for it; QEMU may not do more than connect. */
  socket: string;
  /** QEMU's user. */
  uid: number;
  /** It is made. */
  file: string;
  timeoutMs: number;
  signal: AbortSignal;
}

/** Writes what a stopped guest is besides its memory into a file. Throws where QEMU will not. */
export async function saveDevices(qmp: Qmp, options: SaveOptions): Promise<void> {
  const { socket: path, uid, file, timeoutMs } = options;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)]);
  const server = createServer();
  const received = new Promise<void>((resolve, reject) => {
    server.once('connection', (socket) => {
      pipeline(socket, createWriteStream(file, { mode: 0o600 }), { signal }).then(resolve, reject);
    });
  });
  received.catch(() => undefined);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    await chown(path, uid, uid);
    await qmp.execute('migrate-set-capabilities', CAPABILITIES);
    await qmp.execute('migrate', { uri: `unix:${path}` });
    await waitUntilSent(qmp, signal);
    await Promise.race([received, rejectOnAbort(signal)]);
  } finally {
    server.close();
  }
}

async function waitUntilSent(qmp: Qmp, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const { status, ...found } = Migration.parse(await qmp.execute('query-migrate'));
    if (status === 'completed') return;
    if (status === 'failed') throw new Error(found['error-desc'] ?? 'QEMU could not write its state');
    await pause(PAUSE_MS, signal);
  }
}
