import { randomBytes } from 'node:crypto';
import { getMachineName } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import type { RunResult } from '../../system/exec.ts';
import { getMade, getNameTakenProblem } from '../engine-problems.ts';
import { LABELS, parseLabels } from '../labels.ts';
import type { Machine, MachineSpec } from '../substrate.ts';
import { getCreateArgv, getEverythingArgv, getImageExistsArgv, getPidFile, getRemoveArgv } from './argv.ts';
import type { Deadlines } from './deadlines.ts';
import type { Engine } from './engine.ts';
import { getEngineProblem, getOddAnswerProblem } from './failure.ts';
import { type Holder, parseHolder } from './parse.ts';
import type { Reader } from './reader.ts';

const ACTION = 'make the machine';
const FULL_ID = /^[0-9a-f]{64}$/;
/** The engine registers a container within milliseconds of making its storage; what is older was left by a crash. */
const HALF_MADE_AFTER_MS = 2000;
/** One more for a leftover that is in the way, one for another that comes between. */
const MAX_TRIES = 3;

export interface CreateContext {
  engine: Engine;
  reader: Reader;
  deadlines: Deadlines;
  /** By machine name; saves asking for what we did ourselves. Ids are never used twice, so a stale one does no harm. */
  remembered: Map<string, Remembered>;
}

export interface Remembered {
  id: string;
  /** There while the machine is made and not started. */
  pidFile?: string;
  hasVolumes?: boolean;
}

/** Makes the machine, or gives the one that is there. What a failed or cancelled attempt made is removed again. */
export async function createMachine(
  spec: MachineSpec,
  signal: AbortSignal,
  context: CreateContext,
): Promise<Machine> {
  const attempt = randomBytes(6).toString('hex');
  const argv = getCreateArgv(spec, attempt);
  for (let tries = 1; ; tries += 1) {
    const result = await context.engine.run(argv, { timeoutMs: context.deadlines.change, signal });
    const id = result.ok ? (result.stdout.trim().split('\n').at(-1) ?? '') : '';
    if (FULL_ID.test(id)) {
      context.remembered.set(getMachineName(spec.ref), {
        id,
        pidFile: getPidFile(spec),
        hasVolumes: spec.volumes.length > 0,
      });
      return getMade(spec.ref, id);
    }
    const holder = await findHolder(getMachineName(spec.ref), context);
    const inTheWay = holder?.storageOnly === true || holder?.labels[LABELS.attempt] === attempt;
    if (holder && inTheWay) await removeHalfMade(holder, result, context);
    if (result.cancelled || result.timedOut) throw getEngineProblem(ACTION, result);
    if (!inTheWay || tries === MAX_TRIES) return settle(spec, { result, holder, signal, context });
  }
}

/** The attempt failed: gives the machine that has the name, where that is this one; else says why. */
async function settle(
  spec: MachineSpec,
  outcome: { result: RunResult; holder: Holder | undefined; signal: AbortSignal; context: CreateContext },
): Promise<Machine> {
  const { result, holder, signal, context } = outcome;
  const name = getMachineName(spec.ref);
  if (holder && parseLabels(holder.labels, spec.homeLabel)) {
    const existing = await context.reader.find(spec.ref, signal);
    if (existing) return existing;
  }
  if (holder && !holder.storageOnly)
    throw getNameTakenProblem(name, holder.labels, `podman rename ${name} something-else`);
  if (result.ok) throw getOddAnswerProblem(ACTION, result.stdout, undefined);
  const image = await context.engine.run(getImageExistsArgv(spec.image), {
    timeoutMs: context.deadlines.query,
    signal,
  });
  if (image.exitCode !== 1) throw getEngineProblem(ACTION, result);
  throw new ProblemError({
    code: 'image-missing',
    message: `the image ${spec.image} is not there`,
    fix: 'cspace image build',
  });
}

/** Undoing and looking around go on after the caller's signal: they have deadlines of their own. */
async function findHolder(name: string, { engine, deadlines }: CreateContext): Promise<Holder | undefined> {
  const text = await engine.ask('list what is there', getEverythingArgv(), { timeoutMs: deadlines.query });
  try {
    return parseHolder(text, name);
  } catch (error) {
    throw getOddAnswerProblem('list what is there', text, error);
  }
}

async function removeHalfMade(holder: Holder, result: RunResult, context: CreateContext): Promise<void> {
  const ownAttemptEnded = result.cancelled || result.timedOut;
  const ageMs = Date.now() - holder.createdAtMs;
  if (holder.storageOnly && !ownAttemptEnded && ageMs >= 0 && ageMs < HALF_MADE_AFTER_MS) {
    // Somebody may be making it just now.
    await new Promise((resolve) => setTimeout(resolve, HALF_MADE_AFTER_MS - ageMs));
    return;
  }
  await context.engine.run(getRemoveArgv(holder.id), { timeoutMs: context.deadlines.remove });
}

/** Removes what a killed `create` left under this machine's name; nothing where there is none. */
export async function removeLeftover(name: string, context: CreateContext): Promise<void> {
  const holder = await findHolder(name, context);
  if (!holder?.storageOnly) return;
  await context.engine.run(getRemoveArgv(holder.id), { timeoutMs: context.deadlines.remove });
}
