import { formatRef, getMachineName, type SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import { pause } from '../../system/abort.ts';
import type { RunResult } from '../../system/exec.ts';
import { getKillArgv, getRemoveArgv, getStopArgv } from './argv.ts';
import type { Context } from './context.ts';
import { getEngineProblem } from './failure.ts';
import { removeNetworks } from './networks.ts';
import { removeVolumes } from './volumes.ts';

/**
 * Pauses between looks at a machine that will not go. While one is `stopping` even its removal by force is refused, and
 * a leftover of a command in it can make a stop fail once.
 */
const PAUSES_MS = [0, 100, 400, 1500, 3000];

export interface StopOptions {
  signal: AbortSignal;
  context: Context;
}

/** Asks it to end, and forces it after `graceMs`. What a command says decides nothing: the state is read anew. */
export async function stopMachine(
  ref: SandboxRef,
  { graceMs, ...options }: StopOptions & { graceMs: number },
): Promise<void> {
  const { signal, context } = options;
  if (await isOver(ref, options)) return;
  const argv = getStopArgv(getMachineName(ref), graceMs);
  const timeoutMs = graceMs + context.deadlines.change;
  const stopped = await context.engine.run(argv, { timeoutMs, signal });
  if (stopped.cancelled) throw getEngineProblem('stop the machine', stopped);
  await forceEnd(ref, options);
}

/** Kills it where it runs still, as often as it takes. */
export async function forceEnd(ref: SandboxRef, options: StopOptions): Promise<void> {
  const { signal, context } = options;
  let last: RunResult | undefined;
  for (const pauseMs of PAUSES_MS) {
    await pause(pauseMs, signal);
    if (await isOver(ref, options)) return;
    const timeoutMs = context.deadlines.change;
    last = await context.engine.run(getKillArgv(getMachineName(ref)), { timeoutMs, signal });
    if (last.cancelled) break;
  }
  if (await isOver(ref, options)) return;
  if (last && !last.ok) throw getEngineProblem('stop the machine', last);
  throw getStaysProblem(ref, 'runs on though it was killed');
}

async function isOver(ref: SandboxRef, { signal, context }: StopOptions): Promise<boolean> {
  const now = await context.reader.findOurs(ref, signal);
  return !now || now.state === 'stopped';
}

/** Takes the machine away with its volumes, and its network where it was the last one; resolves where it is gone already. */
export async function destroyMachine(ref: SandboxRef, options: StopOptions): Promise<void> {
  const { signal, context } = options;
  let last: RunResult | undefined;
  for (const pauseMs of PAUSES_MS) {
    await pause(pauseMs, signal);
    if (!(await context.reader.findOurs(ref, signal))) return removeRest(ref, options);
    const argv = getRemoveArgv(getMachineName(ref));
    last = await context.engine.run(argv, { timeoutMs: context.deadlines.remove, signal });
    if (last.cancelled) throw getEngineProblem('remove the machine', last);
  }
  if (!(await context.reader.findOurs(ref, signal))) return removeRest(ref, options);
  if (last && !last.ok) throw getEngineProblem('remove the machine', last);
  throw getStaysProblem(ref, 'is there though it was removed');
}

async function removeRest(ref: SandboxRef, { signal, context }: StopOptions): Promise<void> {
  await removeVolumes(ref, signal, context);
  await removeNetworks(ref, signal, context);
}

function getStaysProblem(ref: SandboxRef, what: string): ProblemError {
  return new ProblemError({
    code: 'machine-failed',
    message: `the machine of ${formatRef(ref)} ${what}`,
    fix: 'cspace doctor',
  });
}
