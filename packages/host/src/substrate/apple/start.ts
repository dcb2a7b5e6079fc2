import { formatRef, getMachineName, type SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import { pause } from '../../system/abort.ts';
import type { RunResult } from '../../system/exec.ts';
import { getNotThere } from '../engine-problems.ts';
import type { AttachNetwork, Machine, OwnNetwork } from '../substrate.ts';
import { getStartArgv } from './argv.ts';
import type { Context } from './context.ts';
import { getEngineProblem } from './failure.ts';
import { isLetGo, letGo, prepareWords } from './last-word.ts';
import { toMachine } from './reader.ts';
import { forceEnd } from './stop.ts';

export interface StartOptions {
  attachNetwork: AttachNetwork;
  signal: AbortSignal;
  context: Context;
}

const LOOK_MS = 50;

/**
 * Starts the machine, whose first program waits, tells of the network that it was given, and lets it go. One whose start
 * fails, or is cut off, is what it was before. Throws what `attachNetwork` throws.
 */
export async function startMachine(ref: SandboxRef, options: StartOptions): Promise<Machine> {
  const { attachNetwork, signal, context } = options;
  const found = await context.reader.findOurs(ref, signal);
  if (!found) throw getNotThere(ref);
  const { folder } = found;
  if (found.state === 'running' && isLetGo(folder)) return toMachine(found);
  try {
    if (found.state !== 'stopped' && found.state !== 'running') await forceEnd(ref, { signal, context });
    let started: RunResult | undefined;
    if (found.state !== 'running') {
      await prepareWords(folder);
      const argv = getStartArgv(getMachineName(ref));
      started = await context.engine.run(argv, { timeoutMs: context.deadlines.change, signal });
      if (started.cancelled) throw getEngineProblem('start the machine', started);
    }
    const network = await waitForNetwork(ref, started, options);
    await attachNetwork({ kind: 'own', network });
    throwIfInterrupted(signal);
    await letGo(folder);
    return {
      ...(await toMachine(found)),
      state: 'running',
      exitCode: null,
      outOfMemory: false,
      startedAt: new Date().toISOString(),
      network,
    };
  } catch (error) {
    await prepareWords(folder).catch(() => undefined);
    const undoing = { signal: AbortSignal.timeout(context.deadlines.change), context };
    await forceEnd(ref, undoing).catch(() => undefined);
    throwIfInterrupted(signal);
    throw error;
  }
}

/** By what `container` knows of it then, whatever the command that started it said. */
async function waitForNetwork(
  ref: SandboxRef,
  started: RunResult | undefined,
  { signal, context }: StartOptions,
): Promise<OwnNetwork> {
  const timeoutMs = context.deadlines.network;
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    throwIfInterrupted(signal);
    const now = await context.reader.findOurs(ref, signal);
    if (!now) throw getNotThere(ref);
    if (now.state === 'running' && now.network) return now.network;
    if (now.state === 'stopped' && started) {
      if (!started.ok) throw getEngineProblem('start the machine', started);
      throw getNotStarted(ref, 'it ended before its first program ran');
    }
    await pause(LOOK_MS, signal);
  }
  if (started && !started.ok) throw getEngineProblem('start the machine', started);
  throw getNotStarted(ref, `it has no address after ${timeoutMs / 1000} s`);
}

function throwIfInterrupted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new ProblemError({
    code: 'interrupted',
    message: 'interrupted while the machine was being started',
  });
}

function getNotStarted(ref: SandboxRef, why: string): ProblemError {
  return new ProblemError({
    code: 'machine-failed',
    message: `the machine of ${formatRef(ref)} did not start`,
    why,
    fix: 'cspace doctor',
  });
}
