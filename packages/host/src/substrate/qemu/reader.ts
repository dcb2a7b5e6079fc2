import { formatRef, type SandboxRef } from '@cspace/protocol/names';
import type { Machine } from '../substrate.ts';
import { type Context, throwInterrupted } from './context.ts';
import { settle } from './ending.ts';
import { getMachine, type MachineRecord } from './state.ts';

const LOOK_TIMEOUT_MS = 60_000;

export interface Reader {
  list(signal: AbortSignal): Promise<Machine[]>;
  find(ref: SandboxRef, signal: AbortSignal): Promise<Machine | undefined>;
}

/** Reads machines as they are: each is looked at by one at a time, and those who come meanwhile share what it sees. */
export function createReader(context: Context): Reader {
  const looking = new Map<string, Promise<Machine | undefined>>();

  /** Within deadlines of its own: whoever shares it must not lose it by another one's signal. */
  function look(record: MachineRecord): Promise<Machine | undefined> {
    const { ref } = record.spec;
    const signal = AbortSignal.timeout(LOOK_TIMEOUT_MS);
    const shared = looking.get(record.id);
    if (shared) return shared;
    const change = context.getChange(ref);
    if (change) return Promise.resolve(getMachine(record, change.shown));
    const mine = context
      .change(ref, signal, async () => {
        // As it is by now: it may have been changed, or made anew, since it was read.
        const now = await context.store.find(ref);
        return now && getMachine(await settle(now, signal, context));
      })
      .finally(() => looking.delete(record.id));
    looking.set(record.id, mine);
    return mine;
  }

  return {
    async list(signal) {
      if (signal.aborted) throwInterrupted();
      const found = await Promise.all((await context.store.list()).map(look));
      return found
        .filter((machine) => machine !== undefined)
        .sort((a, b) => formatRef(a.ref).localeCompare(formatRef(b.ref)));
    },
    async find(ref, signal) {
      if (signal.aborted) throwInterrupted();
      const record = await context.store.find(ref);
      return record && look(record);
    },
  };
}
