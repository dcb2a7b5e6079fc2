import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { getMachineName } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import type { RunResult } from '../../system/exec.ts';
import { getMade, getNameTakenProblem } from '../engine-problems.ts';
import { LABELS, parseLabels } from '../labels.ts';
import type { Machine, MachineSpec } from '../substrate.ts';
import { getCreateArgv, getRemoveArgv } from './argv.ts';
import type { Context } from './context.ts';
import { getEngineProblem } from './failure.ts';
import { getImageProgram } from './image.ts';
import { prepareWords } from './last-word.ts';
import { removeNetworks, withNetwork } from './networks.ts';
import { ensureVolumes, removeVolumes } from './volumes.ts';

const ACTION = 'make the machine';
/** The service may finish what a command that was ended had asked for: looked for a few times. */
const LOOK_PAUSES_MS = [0, 100, 400];

/** Makes the machine, or gives the one that is there. What a failed or cancelled attempt made is removed again. */
export async function createMachine(
  spec: MachineSpec,
  signal: AbortSignal,
  context: Context,
): Promise<Machine> {
  const existing = await context.reader.find(spec.ref, signal);
  if (existing) return existing;
  const program = await getImageProgram(spec.image, signal, context);
  if (!program) {
    throw new ProblemError({
      code: 'image-missing',
      message: `the image ${spec.image} is not there`,
      fix: 'cspace image build',
    });
  }
  const attempt = randomBytes(6).toString('hex');
  try {
    await prepareWords(spec.folder, spec.owner);
    const volumes = await ensureVolumes(spec, signal, context);
    const result = await withNetwork(spec, { signal, context }, (network) => {
      const argv = getCreateArgv(spec, { attempt, program, volumes, network });
      return context.engine.run(argv, { timeoutMs: context.deadlines.change, signal });
    });
    if (result.ok) return getMade(spec.ref, attempt);
    return await settle(spec, { result, attempt, signal, context });
  } catch (error) {
    await undo(spec, attempt, context);
    throw error;
  }
}

interface Outcome {
  result: RunResult;
  attempt: string;
  signal: AbortSignal;
  context: Context;
}

/** The attempt failed: gives the machine that has the name, where that is this one; else says why. */
async function settle(spec: MachineSpec, { result, attempt, signal, context }: Outcome): Promise<Machine> {
  if (result.cancelled || result.timedOut) throw getEngineProblem(ACTION, result);
  const name = getMachineName(spec.ref);
  const holder = await context.reader.findHolder(name, signal);
  if (holder && holder.labels[LABELS.attempt] !== attempt) {
    const existing =
      parseLabels(holder.labels, spec.homeLabel) && (await context.reader.find(spec.ref, signal));
    if (existing) return existing;
    throw getNameTakenProblem(name, holder.labels, `container rm ${name}`);
  }
  throw getEngineProblem(ACTION, result);
}

/** Goes on after the caller's signal. What it cannot take away the next `destroy` will. */
async function undo(spec: MachineSpec, attempt: string, context: Context): Promise<void> {
  const { reader, engine, deadlines } = context;
  const name = getMachineName(spec.ref);
  const signal = AbortSignal.timeout(deadlines.remove);
  for (const pauseMs of LOOK_PAUSES_MS) {
    await sleep(pauseMs);
    const holder = await reader.findHolder(name, signal).catch(() => undefined);
    if (holder && holder.labels[LABELS.attempt] !== attempt) return;
    if (holder) await engine.run(getRemoveArgv(name), { timeoutMs: deadlines.remove });
  }
  if (spec.volumes.length > 0) await removeVolumes(spec.ref, signal, context).catch(() => undefined);
  await removeNetworks(spec.ref, signal, context).catch(() => undefined);
}
