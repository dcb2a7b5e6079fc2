import { pause } from '../../system/abort.ts';
import { getChanges } from '../changes.ts';
import type { Machine, MachineEvent } from '../substrate.ts';

export interface WatchOptions {
  list: (signal: AbortSignal) => Promise<Machine[]>;
  checkMs?: number;
}

const CHECK_MS = 2000;

/**
 * Tells of changes until the signal, and never rejects: `container` has no events, so the machines are read now and then
 * and compared. Those that are over at the first look are told as well: they may have ended while nobody watched.
 */
export async function watchMachines(
  onEvent: (event: MachineEvent) => void,
  signal: AbortSignal,
  { list, checkMs = CHECK_MS }: WatchOptions,
): Promise<void> {
  let known: ReadonlyMap<string, Machine> | undefined;
  while (!signal.aborted) {
    const machines = await list(signal).catch(() => undefined);
    if (machines && !signal.aborted) {
      const now = new Map(machines.map((machine) => [machine.id, machine]));
      for (const event of getChanges(known ?? new Map(), now)) {
        if (known || event.type === 'exited') onEvent(event);
      }
      known = now;
    }
    await pause(checkMs, signal);
  }
}
