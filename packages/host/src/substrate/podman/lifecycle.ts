import { setTimeout as sleep } from 'node:timers/promises';
import { formatRef, getMachineName, type SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import type { RunResult } from '../../system/exec.ts';
import type { Machine, Substrate } from '../substrate.ts';
import { getKillArgv, getRemoveArgv, getStopArgv } from './argv.ts';
import { type CreateContext, createMachine, removeLeftover } from './create.ts';
import { getEngineProblem } from './failure.ts';
import { removeRuntimeLeftovers } from './leftovers.ts';
import { startMachine } from './start.ts';

/** Pauses between looks at a machine that will not go: its mounts may be busy for a moment. */
const REMOVE_PAUSES_MS = [0, 100, 400, 1500];

type Verbs = Pick<Substrate, 'create' | 'start' | 'stop' | 'destroy'>;

/** The verbs that change a machine. Each judges by the engine's state, never by what a command said. */
export function createVerbs(context: CreateContext): Verbs {
  return {
    create: (spec, signal) => createMachine(spec, signal, context),
    start: (ref, attachNetwork, signal) => startMachine(ref, { attachNetwork, signal, context }),
    stop: (ref, graceMs, signal) => stopMachine(ref, { graceMs, signal, context }),
    destroy: (ref, signal) => destroyMachine(ref, signal, context),
  };
}

interface StopOptions {
  graceMs: number;
  signal: AbortSignal;
  context: CreateContext;
}

async function stopMachine(ref: SandboxRef, { graceMs, signal, context }: StopOptions): Promise<void> {
  const machine = await context.reader.find(ref, signal);
  if (!machine || !isAlive(machine)) return;
  const timeoutMs = graceMs + context.deadlines.change;
  const stopped = await context.engine.run(getStopArgv(machine.id, graceMs), { timeoutMs, signal });
  if (await isStopped(ref, signal, context)) return;
  if (stopped.cancelled) throw getEngineProblem('stop the machine', stopped);
  const killed = await context.engine.run(getKillArgv(machine.id), {
    timeoutMs: context.deadlines.change,
    signal,
  });
  for (const pauseMs of REMOVE_PAUSES_MS) {
    await sleep(pauseMs);
    if (await isStopped(ref, signal, context)) return;
  }
  throw getEngineProblem('stop the machine', killed.ok ? stopped : killed);
}

async function isStopped(ref: SandboxRef, signal: AbortSignal, context: CreateContext): Promise<boolean> {
  if (signal.aborted) return false;
  const machine = await context.reader.find(ref, signal);
  return !machine || !isAlive(machine);
}

/** One that is only initialised has a process as well. */
function isAlive(machine: Machine): boolean {
  return machine.state === 'running' || machine.state === 'stopping' || machine.pid !== null;
}

async function destroyMachine(ref: SandboxRef, signal: AbortSignal, context: CreateContext): Promise<void> {
  const name = getMachineName(ref);
  let id = context.remembered.get(name)?.id ?? (await context.reader.find(ref, signal))?.id;
  context.remembered.delete(name);
  if (id === undefined) return removeLeftover(name, context);
  let last: RunResult | undefined;
  for (const pauseMs of REMOVE_PAUSES_MS) {
    await sleep(pauseMs);
    last = await context.engine.run(getRemoveArgv(id), { timeoutMs: context.deadlines.remove, signal });
    if (last.cancelled) throw getEngineProblem('remove the machine', last);
    const left = await context.reader.find(ref, signal);
    if (!left) {
      // conmon cleans up at the same time: either may fail halfway over what the other has just removed.
      if (!last.ok) await removeLeftover(name, context);
      return removeRuntimeLeftovers(id);
    }
    id = left.id;
  }
  if (last && !last.ok) throw getEngineProblem('remove the machine', last);
  throw new ProblemError({
    code: 'machine-failed',
    message: `podman says that it removed the machine of ${formatRef(ref)}, but it is there`,
    fix: 'cspace doctor',
  });
}
