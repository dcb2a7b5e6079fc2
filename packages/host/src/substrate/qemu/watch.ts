import { pause } from '../../system/abort.ts';
import { getChanges } from '../changes.ts';
import type { Machine, MachineEvent } from '../substrate.ts';
import { type Context, connectMonitor } from './context.ts';
import type { Reader } from './reader.ts';

export interface WatchOptions {
  context: Context;
  reader: Reader;
  /** How often the machines are read where nothing is heard of them: what QEMU's monitor does not tell. */
  checkMs?: number;
}

const CHECK_MS = 2000;

/**
 * Tells of changes until the signal, and never rejects: machines are read now and then and compared, and at once where
 * QEMU's monitor, to which a connection is kept meanwhile, says that a guest is over. Those that are over at the first
 * look are told as well: they may have ended while nobody watched.
 */
export async function watchMachines(
  onEvent: (event: MachineEvent) => void,
  signal: AbortSignal,
  { context, reader, checkMs = CHECK_MS }: WatchOptions,
): Promise<void> {
  let known = new Map<string, Machine>();
  let isFirst = true;
  let waking = new AbortController();
  const wake = () => waking.abort();
  context.wakers.add(wake);
  try {
    while (!signal.aborted) {
      waking = new AbortController();
      const machines = await reader.list(signal).catch(() => undefined);
      if (machines && !signal.aborted) {
        const now = new Map(machines.map((machine) => [machine.id, machine]));
        for (const event of getChanges(known, now)) {
          if (!isFirst || event.type === 'exited') onEvent(event);
        }
        [known, isFirst] = [now, false];
        keepConnections(now.values(), wake, context);
      }
      await pause(checkMs, AbortSignal.any([signal, waking.signal]));
    }
  } finally {
    context.wakers.delete(wake);
    for (const kept of context.kept.values()) void kept.then((qmp) => qmp.close()).catch(() => undefined);
  }
}

/** One to each machine that runs; whoever asks QEMU something uses it too, as it serves only one. */
function keepConnections(machines: Iterable<Machine>, wake: () => void, context: Context): void {
  const { kept, deadlines, store } = context;
  for (const { id, state } of machines) {
    if (state !== 'running' || kept.has(id)) continue;
    const connecting = connectMonitor(id, {
      ...{ store, deadlines },
      signal: AbortSignal.timeout(deadlines.monitor),
      onEvent: ({ event }) => {
        if (event === 'SHUTDOWN' || event === 'GUEST_PANICKED') wake();
      },
    });
    kept.set(id, connecting);
    void connecting
      .then((qmp) => qmp.closed.then(wake))
      .catch(() => undefined)
      .finally(() => kept.delete(id));
  }
}
