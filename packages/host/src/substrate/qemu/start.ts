import { formatRef, type SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import { getNotThere } from '../engine-problems.ts';
import type { AttachNetwork, Machine } from '../substrate.ts';
import { bootGuest, getBootProblem } from './boot.ts';
import { getConsoleTail, readConsoleEnd } from './console.ts';
import { type Context, throwInterrupted } from './context.ts';
import { makeDisk, requireImage } from './create.ts';
import { endProcesses, settle } from './ending.ts';
import { getMachineUid } from './ids.ts';
import { type LaunchOptions, launch } from './launch.ts';
import { BootFailure } from './starting.ts';
import { getMachine, type MachineRecord } from './state.ts';
import type { Wanted } from './template/make.ts';
import type { Template } from './template/store.ts';

export interface StartOptions {
  attachNetwork: AttachNetwork;
  signal: AbortSignal;
  context: Context;
}

/** A guest that hangs in boot, or ends there without a word, is made anew, once. */
const TRIES = 2;

/**
 * Attaches the network, then starts a guest on the machine's disk. A machine whose start fails is what it was before.
 * Throws what `attachNetwork` throws, `image-missing`, and `machine-failed` with the last lines of the console.
 */
export function startMachine(ref: SandboxRef, options: StartOptions): Promise<Machine> {
  const { attachNetwork, signal, context } = options;
  return context.change(ref, signal, async () => {
    const found = await context.store.find(ref);
    if (!found) throw getNotThere(ref);
    const record = await settle(found, signal, context);
    if (record.phase === 'running') return getMachine(record);
    const image = await requireImage(record.spec.image, context);
    const accel = await context.getAccel(signal);
    const cable = await attachNetwork({ kind: 'tap', uid: getMachineUid(record.id) });
    if (!cable) throw new TypeError('a tap without a cable');
    const launching = { image, accel, cable, signal, context };
    const started = (await tryRestore(record, launching)) ?? (await boot(record, launching));
    // Also where one served: it may not have been the best.
    context.templates.want(getBestTemplate(record, launching));
    return getMachine(started);
  });
}

async function boot(record: MachineRecord, launching: TryOptions): Promise<MachineRecord> {
  for (let tries = 1; ; tries += 1) {
    const started = await tryStart(record, launching);
    if (!(started instanceof BootFailure)) return started;
    if (started.isMute && tries < TRIES) continue;
    throw getBootProblem(started, tries, getConsoleTail(await readConsoleEnd(record.spec.folder)));
  }
}

type TryOptions = Omit<LaunchOptions, 'onProcess'>;

/** From a memory template, where there is one. It is never needed: whatever goes wrong with it, a guest is booted. */
async function tryRestore(record: MachineRecord, options: TryOptions): Promise<MachineRecord | undefined> {
  const { context, signal } = options;
  const template = await findTemplate(record, options);
  if (!template) return undefined;
  const restore = async () => {
    if (template.disk !== undefined) await makeDisk(record.spec, template.disk, { signal, context });
    return tryStart(record, { ...options, template });
  };
  const started = await restore().catch((error: Error) => {
    if (signal.aborted) throw error;
    return error;
  });
  if (!(started instanceof Error)) return started;
  const sandbox = formatRef(record.spec.ref);
  context.onNote('a memory template was of no use', { sandbox, why: getReason(started) });
  await context.templates.discard(template);
  if (template.disk !== undefined) await makeDisk(record.spec, options.image.emptyDisk, { signal, context });
  return undefined;
}

async function findTemplate(record: MachineRecord, options: TryOptions): Promise<Template | undefined> {
  const { templates } = options.context;
  const best = getBestTemplate(record, options);
  return (await templates.find(best)) ?? (best.standby && templates.find({ ...best, standby: undefined }));
}

/** One whose first program stands by has a disk of its own: only a machine without anything on its disk can take it. */
function getBestTemplate({ spec, startedAt }: MachineRecord, { image, accel }: TryOptions): Wanted {
  const standby = image.standby && startedAt === null ? spec.env : undefined;
  return { image, accel, limits: spec.limits, standby };
}

/** The record of a machine that runs, or why its guest did not come up. In that case, and where it throws, nothing is left. */
async function tryStart(record: MachineRecord, options: TryOptions): Promise<MachineRecord | BootFailure> {
  const { signal, context, cable } = options;
  let now: MachineRecord = { ...record, phase: 'starting', address: cable.address };
  const write = (change: Partial<MachineRecord>) => {
    now = { ...now, ...change };
    return context.store.put(now);
  };
  try {
    await write({});
    const qemu = await launch(now, { ...options, onProcess: write });
    await bootGuest(now, qemu, options);
    const restored = options.template !== undefined;
    await write({ phase: 'running', exit: null, startedAt: new Date().toISOString(), restored });
    return now;
  } catch (error) {
    await endProcesses(now, context);
    await context.store.put(record);
    if (signal.aborted) throwInterrupted();
    if (error instanceof BootFailure) return error;
    throw error;
  }
}

function getReason(error: Error): string {
  return error instanceof ProblemError
    ? [error.message, error.problem.why].filter(Boolean).join(': ')
    : error.message;
}
