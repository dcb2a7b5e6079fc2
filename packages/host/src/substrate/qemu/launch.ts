import { randomUUID } from 'node:crypto';
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { BASE_ENV, getTail } from '../../system/exec.ts';
import { openMemoryFile } from '../../system/memory-file.ts';
import { getVmFiles } from '../../system/paths.ts';
import type { ProcessId } from '../../system/process-id.ts';
import { readMostOpenFiles } from '../../system/process-limits.ts';
import { spawnWatched, type WatchedProcess } from '../../system/spawn-watched.ts';
import type { Cable } from '../substrate.ts';
import { getQemuArgv, getSocket } from './argv.ts';
import { type Cgroup, openCgroup } from './cgroup.ts';
import { getCgroupBounds } from './cgroup-bounds.ts';
import { markConsole } from './console.ts';
import type { Context, LastWords } from './context.ts';
import { DISK } from './create.ts';
import { openShare, type Share } from './folders/open-share.ts';
import { getStartProblem, openHandedFiles } from './handed-files.ts';
import { getMachineUid } from './ids.ts';
import type { VmImage } from './image/vm-image.ts';
import { readPlan } from './plan.ts';
import type { MachineRecord } from './state.ts';
import { fillMemory } from './template/memory.ts';
import type { Template } from './template/store.ts';

export interface LaunchOptions {
  image: VmImage;
  accel: 'kvm' | 'tcg';
  cable: Cable;
  /** What its guest is taken from, instead of being booted. */
  template?: Template | undefined;
  signal: AbortSignal;
  context: Context;
  /** Called with every process as it is there, before the next. */
  onProcess: (processes: { share?: ProcessId; qemu?: ProcessId }) => Promise<void>;
}

export type QemuProcess = WatchedProcess & { id: ProcessId };

/** Starts the server of the machine's folders, and QEMU. Nothing is known of the guest yet. Throws `machine-failed`. */
export async function launch(record: MachineRecord, options: LaunchOptions): Promise<QemuProcess> {
  const { template, onProcess, context } = options;
  const bytes = record.spec.limits.memoryMiB * 1024 * 1024;
  // What a template gives is scattered: each piece would take a huge page.
  const huge = template === undefined;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const cgroup = await openBounds(record, options);
  const memory = openMemoryFile('cspace', { bytes, uid: getMachineUid(record.id), huge });
  const filling = template && fillMemory(memory, template, { cgroup, signal });
  try {
    const share = await launchShare(record, { ...options, cgroup });
    const lastWords: LastWords = { share: getLastWords(share) };
    context.lastWords.set(record.id, lastWords);
    await onProcess({ share: { pid: share.pid, startTime: share.startTime } });
    // QEMU refuses a file that has not its full size, and cp makes it anew.
    await filling;
    const qemu = await launchQemu(record, { ...options, cgroup, memory });
    lastWords.qemu = getLastWords(qemu);
    await onProcess({ qemu: qemu.id });
    await share.serving;
    return qemu;
  } finally {
    stop.abort();
    if (filling) await filling.catch(() => undefined);
    closeSync(memory);
  }
}

/** Where there are no cgroups the guest has its bounds all the same; `doctor` says so. */
async function openBounds(record: MachineRecord, { accel }: LaunchOptions): Promise<Cgroup | undefined> {
  const openFiles = await readMostOpenFiles();
  const bounds = getCgroupBounds(record.spec.limits, { emulated: accel === 'tcg', openFiles });
  return openCgroup({ homeLabel: record.spec.homeLabel, id: record.id }, bounds).cgroup;
}

type Bounded = LaunchOptions & { cgroup: Cgroup | undefined };

async function launchShare(record: MachineRecord, { context, signal, cgroup }: Bounded): Promise<Share> {
  const { sockets, share: mountpoint } = getVmFiles(context.store.folder, record.id);
  const { mounts, owner } = record.spec;
  const socketUid = getMachineUid(record.id);
  const at = { socket: getSocket(sockets, 'fs'), socketUid, mountpoint, path: BASE_ENV.PATH };
  const share = await openShare({ mounts, owner, ...at }, signal);
  cgroup?.add(share.pid);
  return share;
}

async function launchQemu(
  record: MachineRecord,
  { image, accel, cable, template, context, cgroup, memory }: Bounded & { memory: number },
): Promise<QemuProcess> {
  const { id, spec } = record;
  const restored = { use: 'restore', generation: randomUUID() } as const;
  const plan = await readPlan({
    ...{ id, limits: spec.limits, mac: cable.mac, accel, context },
    ...(template ? { template: restored } : {}),
  });
  await markConsole(spec.folder, spec.owner);
  const files = openHandedFiles({ image, disk: join(spec.folder, DISK), link: cable.link, memory });
  try {
    const qemu = await spawnQemu(getQemuArgv(plan), files.fds);
    cgroup?.add(qemu.id.pid);
    return qemu;
  } finally {
    files.close();
  }
}

function getLastWords({ ended, getErrorText }: Pick<WatchedProcess, 'ended' | 'getErrorText'>) {
  let how: string | undefined;
  void ended.then((said) => {
    how = said;
  });
  return () => (how === undefined ? undefined : [how, getTail(getErrorText(), 3)].join('\n').trim());
}

export async function spawnQemu(argv: readonly string[], fds: readonly number[]): Promise<QemuProcess> {
  const qemu = spawnWatched(argv, fds);
  qemu.say('');
  const { id } = qemu;
  if (!id) throw getStartProblem(await qemu.ended);
  return { ...qemu, id };
}
