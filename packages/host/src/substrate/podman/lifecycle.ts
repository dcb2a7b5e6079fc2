import { setTimeout as sleep } from 'node:timers/promises';
import { formatRef, getMachineName, type SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import type { RunResult } from '../../system/exec.ts';
import type { Machine, Substrate } from '../substrate.ts';
import { getInitArgv, getKillArgv, getRemoveArgv, getStartArgv, getStopArgv } from './argv.ts';
import { type CreateContext, createMachine, removeLeftover } from './create.ts';
import { getEngineProblem } from './failure.ts';
import { removeRuntimeLeftovers } from './leftovers.ts';
import { getNotThere } from './reader.ts';

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

interface StartOptions {
  attachNetwork: (pid: number) => Promise<void>;
  signal: AbortSignal;
  context: CreateContext;
}

/**
 * `init` makes the namespaces and waits before the first process, `start` lets it go: the network is attached between
 * the two. A machine that was stopped gets a new network namespace, so each start goes the whole way.
 */
async function startMachine(ref: SandboxRef, options: StartOptions): Promise<Machine> {
  const { attachNetwork, signal, context } = options;
  const timeoutMs = context.deadlines.change;
  const before = await context.reader.find(ref, signal);
  if (!before) throw getNotThere(ref);
  if (before.state === 'running') return before;
  if (before.pid === null) {
    await context.engine.ask('initialise the machine', getInitArgv(before.id), {
      timeoutMs,
      signal,
      detached: true,
    });
  }
  const ready = before.pid === null ? await context.reader.find(ref, signal) : before;
  if (!ready?.pid) throw getNotStarted(ref, 'it ended before its first process ran');
  await attachNetwork(ready.pid);
  await context.engine.ask('start the machine', getStartArgv(ready.id), {
    timeoutMs,
    signal,
    detached: true,
  });
  return {
    ...ready,
    state: 'running',
    exitCode: null,
    outOfMemory: false,
    startedAt: new Date().toISOString(),
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
  let machine = await context.reader.find(ref, signal);
  if (!machine) return removeLeftover(getMachineName(ref), context);
  let last: RunResult | undefined;
  for (const pauseMs of REMOVE_PAUSES_MS) {
    await sleep(pauseMs);
    last = await context.engine.run(getRemoveArgv(machine.id), {
      timeoutMs: context.deadlines.remove,
      signal,
    });
    if (last.cancelled) throw getEngineProblem('remove the machine', last);
    const { id } = machine;
    machine = await context.reader.find(ref, signal);
    if (machine) continue;
    // conmon cleans up at the same time: either may fail halfway over what the other has just removed.
    if (!last.ok) await removeLeftover(getMachineName(ref), context);
    return removeRuntimeLeftovers(id);
  }
  if (last && !last.ok) throw getEngineProblem('remove the machine', last);
  throw new ProblemError({
    code: 'machine-failed',
    message: `podman says that it removed the machine of ${formatRef(ref)}, but it is there`,
    fix: 'cspace doctor',
  });
}

function getNotStarted(ref: SandboxRef, why: string): ProblemError {
  return new ProblemError({
    code: 'machine-failed',
    message: `the machine of ${formatRef(ref)} did not start`,
    why,
  });
}
