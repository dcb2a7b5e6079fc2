import { readFile } from 'node:fs/promises';
import { formatRef, getMachineName, type SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import type { RunResult } from '../../system/exec.ts';
import { getNotThere } from '../engine-problems.ts';
import type { AttachNetwork, Machine } from '../substrate.ts';
import { getInitArgv, getStartArgv, getStopArgv } from './argv.ts';
import type { CreateContext } from './create.ts';
import { getEngineProblem } from './failure.ts';
import { giveVolumesToDev } from './volumes.ts';

export interface StartOptions {
  attachNetwork: AttachNetwork;
  signal: AbortSignal;
  context: CreateContext;
}

/**
 * `init` makes the namespaces and waits before the first process, `start` lets it go: the network is attached between
 * the two. A machine that was stopped gets a new network namespace, so each start goes the whole way.
 */
export async function startMachine(ref: SandboxRef, options: StartOptions): Promise<Machine> {
  const made = await initMade(ref, options);
  if (made) return run(made, options, getEngineProblem);
  const found = await initFound(ref, options);
  if (found.state === 'running') return found;
  return run(found, options, async (action, result) => {
    if (result.cancelled) throw getEngineProblem(action, result);
    // An earlier start was cut off after the runtime's part: it runs, podman does not know, and cannot start it again.
    const argv = getStopArgv(found.id, 0);
    await options.context.engine.run(argv, { timeoutMs: options.context.deadlines.change });
    return run(await initFound(ref, options), options, getEngineProblem);
  });
}

type OnFailure = (action: string, result: RunResult) => ProblemError | Promise<Machine>;

async function run(ready: Machine, options: StartOptions, onFailure: OnFailure): Promise<Machine> {
  const { attachNetwork, signal, context } = options;
  if (ready.pid === null) throw getNotStarted(ready.ref);
  await attachNetwork({ kind: 'namespace', pid: ready.pid });
  const timeoutMs = context.deadlines.change;
  const started = await context.engine.run(getStartArgv(ready.id), { timeoutMs, signal, detached: true });
  if (!started.ok) {
    const outcome = onFailure('start the machine', started);
    if (outcome instanceof ProblemError) throw outcome;
    return outcome;
  }
  context.remembered.set(getMachineName(ready.ref), { id: ready.id });
  return {
    ...ready,
    state: 'running',
    exitCode: null,
    outOfMemory: false,
    startedAt: new Date().toISOString(),
  };
}

/** The common case, one that we have just made: nothing has to be asked for. Undefined in every other. */
async function initMade(ref: SandboxRef, options: StartOptions): Promise<Machine | undefined> {
  const name = getMachineName(ref);
  const { remembered } = options.context;
  const made = remembered.get(name);
  if (made?.pidFile === undefined) return undefined;
  // Only once: after that it may be in any state.
  remembered.set(name, { id: made.id });
  await init(made.id, options);
  if (made.hasVolumes) await giveVolumesToDev(made.id, options.context, options.signal);
  const pid = Number(await readFile(made.pidFile, 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid < 2) return undefined;
  return { ref, state: 'created', id: made.id, pid, exitCode: null, outOfMemory: false, startedAt: null };
}

async function initFound(ref: SandboxRef, options: StartOptions): Promise<Machine> {
  const { signal, context } = options;
  const found = await context.reader.find(ref, signal);
  if (!found) throw getNotThere(ref);
  if (found.state === 'running' || found.pid !== null) return found;
  await init(found.id, options);
  await giveVolumesToDev(found.id, context, signal);
  const ready = await context.reader.find(ref, signal);
  if (!ready) throw getNotThere(ref);
  return ready;
}

async function init(id: string, { signal, context }: StartOptions): Promise<void> {
  const timeoutMs = context.deadlines.change;
  await context.engine.ask('initialise the machine', getInitArgv(id), { timeoutMs, signal, detached: true });
}

function getNotStarted(ref: SandboxRef): ProblemError {
  return new ProblemError({
    code: 'machine-failed',
    message: `the machine of ${formatRef(ref)} did not start`,
    why: 'it ended before its first process ran',
  });
}
