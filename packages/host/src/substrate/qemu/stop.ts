import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SandboxRef } from '@cspace/protocol/names';
import { type Context, throwInterrupted } from './context.ts';
import { DISK } from './create.ts';
import { endMachine, endProcesses, getEnding, KILLED, keepConsole, readEnding, settle } from './ending.ts';
import { isGuestOver, pressPower, readLastWord } from './monitor.ts';
import type { Qmp } from './qmp.ts';
import { endLeftProcesses } from './reap.ts';
import type { Exit, MachineRecord } from './state.ts';

const PAUSE_MS = 15;

export interface StopOptions {
  graceMs: number;
  signal: AbortSignal;
  context: Context;
}

/** Presses the power button, and ends QEMU where the guest's first program has not ended within `graceMs`. */
export function stopMachine(ref: SandboxRef, options: StopOptions): Promise<void> {
  const { signal, context } = options;
  const work = async () => {
    const found = await context.store.find(ref);
    const record = found && (await settle(found, signal, context));
    if (record?.phase !== 'running') return;
    const exit = await context
      .withMonitor(record, signal, (qmp) => askToEnd(record, qmp, options))
      .catch(() => undefined);
    if (signal.aborted) throwInterrupted();
    await endMachine(record, exit ?? { code: KILLED, outOfMemory: false }, context);
  };
  return context.change(ref, signal, work, 'stopping');
}

/** How it ended; undefined where it must be forced. */
async function askToEnd(
  record: MachineRecord,
  qmp: Qmp,
  { graceMs, signal, context }: StopOptions,
): Promise<Exit | undefined> {
  await pressPower(qmp);
  if (await waitUntilOver(qmp, graceMs, signal)) return (await readEnding(record, qmp))?.exit;
  // Its first program may have ended in time, and only the rest takes long.
  const word = await readLastWord(qmp);
  if (word) await waitUntilOver(qmp, context.deadlines.end, signal);
  await keepConsole(record, qmp);
  return word && getEnding(word, Buffer.alloc(0)).exit;
}

async function waitUntilOver(qmp: Qmp, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isGuestOver(qmp))) {
    signal.throwIfAborted();
    if (performance.now() > deadline) return false;
    await sleep(PAUSE_MS);
  }
  return true;
}

/** Ends all that is left of it, whatever its state is, and removes its disk; its folder goes last. */
export function destroyMachine(ref: SandboxRef, signal: AbortSignal, context: Context): Promise<void> {
  const work = async () => {
    const record = await context.store.find(ref);
    if (!record) return;
    await endProcesses(record, context);
    await endLeftProcesses(context, (id) => id === record.id);
    await rm(join(record.spec.folder, DISK), { force: true });
    await context.store.remove(record.id);
    context.lastWords.delete(record.id);
  };
  return context.change(ref, signal, work, 'stopping');
}
