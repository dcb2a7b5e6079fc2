import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { formatRef, SandboxRef } from '@cspace/protocol/names';
import { Limits, NetworkMode } from '@cspace/protocol/sandbox';
import { z } from 'zod';
import { readRegularFile, writeFileAtomic } from '../../system/files.ts';
import { getVmFiles } from '../../system/paths.ts';
import type { Machine, MachineSpec } from '../substrate.ts';
import { MACHINE_ID } from './ids.ts';

const MAX_STATE_BYTES = 1024 * 1024;

const Id = z.strictObject({ pid: z.number().int(), startTime: z.number() });
const Owner = z.strictObject({ uid: z.number().int(), gid: z.number().int() });
const Mount = z.strictObject({ source: z.string(), target: z.string(), readOnly: z.boolean() });

const Spec = z.strictObject({
  ref: SandboxRef,
  homeLabel: z.string(),
  image: z.string(),
  owner: Owner,
  mounts: z.array(Mount),
  volumes: z.array(z.string()).readonly(),
  // Machines of before it was written down had this one.
  network: NetworkMode.default('nat'),
  limits: Limits,
  sysctls: z.record(z.string(), z.string()),
  env: z.record(z.string(), z.string()),
  folder: z.string(),
}) satisfies z.ZodType<MachineSpec>;

const Exit = z.strictObject({
  code: z.number().int(),
  outOfMemory: z.boolean(),
  /** In words, where it did not end by itself. */
  reason: z.string().optional(),
});
export type Exit = z.infer<typeof Exit>;

/**
 * What is written down of a machine. `starting` until its guest has said that it has what it needs; whether one that is
 * `running` still does is asked of its processes and of QEMU.
 */
const MachineRecord = z.strictObject({
  v: z.literal(1),
  id: z.string().regex(MACHINE_ID),
  spec: Spec,
  phase: z.enum(['created', 'starting', 'running', 'ended']),
  qemu: Id.nullable(),
  /** The server of its folders. */
  share: Id.nullable(),
  /** While it runs. */
  address: z.string().nullable(),
  startedAt: z.string().nullable(),
  /** Its guest was taken from a memory template. */
  restored: z.boolean().default(false),
  exit: Exit.nullable(),
});
export type MachineRecord = z.infer<typeof MachineRecord>;

export interface StateStore {
  folder: string;
  list(): Promise<MachineRecord[]>;
  find(ref: SandboxRef): Promise<MachineRecord | undefined>;
  put(record: MachineRecord): Promise<void>;
  /** With all that is in its folder. */
  remove(id: string): Promise<void>;
  /** Every folder that is there, with a machine or without. */
  listIds(): Promise<string[]>;
}

/** Of all machines on this host: those of other homes stand beside `folder`'s, `/run/cspace/LABEL/vm`. */
export async function listHostIds(folder: string): Promise<string[]> {
  const homes = dirname(dirname(folder));
  const folders = (await readdir(homes).catch(() => [])).map((home) => join(homes, home, basename(folder)));
  return (await Promise.all([folder, ...folders].map(listIdsIn))).flat();
}

const listIdsIn = async (folder: string) =>
  (await readdir(folder).catch(() => [])).filter((name) => MACHINE_ID.test(name));

/** One folder a machine; what cannot be read there is no machine. */
export function openStateStore(folder: string): StateStore {
  const listIds = async () => (await listIdsIn(folder)).sort();
  const list = async () => {
    const read = await Promise.all((await listIds()).map((id) => readRecord(folder, id)));
    return read.filter((record) => record !== undefined);
  };
  return {
    folder,
    list,
    listIds,
    find: async (ref) => (await list()).find((record) => formatRef(record.spec.ref) === formatRef(ref)),
    // What could not be read again would be a machine that is lost.
    put: async (record) =>
      writeFileAtomic(
        getVmFiles(folder, record.id).state,
        `${JSON.stringify(MachineRecord.parse(record))}\n`,
      ),
    remove: (id) => rm(getVmFiles(folder, id).folder, { recursive: true, force: true }),
  };
}

async function readRecord(folder: string, id: string): Promise<MachineRecord | undefined> {
  const text = await readRegularFile(getVmFiles(folder, id).state, MAX_STATE_BYTES).catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const record = MachineRecord.parse(JSON.parse(text));
    return record.id === id ? record : undefined;
  } catch {
    return undefined;
  }
}

const STATES = { created: 'created', starting: 'created', running: 'running', ended: 'exited' } as const;

/** A machine as its record has it, or in the state given. */
export function getMachine(record: MachineRecord, state: Machine['state'] = STATES[record.phase]): Machine {
  const exit = record.phase === 'ended' ? record.exit : null;
  return {
    ref: record.spec.ref,
    state,
    id: record.id,
    pid: record.phase === 'running' ? (record.qemu?.pid ?? null) : null,
    exitCode: exit?.code ?? null,
    outOfMemory: exit?.outOfMemory ?? false,
    startedAt: record.startedAt,
    ...(record.phase === 'running' ? { restored: record.restored } : {}),
    ...(exit?.reason === undefined ? {} : { reason: exit.reason }),
  };
}
