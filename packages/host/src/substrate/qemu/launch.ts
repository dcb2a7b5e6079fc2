import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { BASE_ENV, getTail } from '../../system/exec.ts';
import { getVmFiles } from '../../system/paths.ts';
import type { ProcessId } from '../../system/process-id.ts';
import { readMostOpenFiles } from '../../system/process-limits.ts';
import { spawnWatched, type WatchedProcess } from '../../system/spawn-watched.ts';
import { openTap } from '../../system/tap.ts';
import type { Cable } from '../substrate.ts';
import { getQemuArgv, getSocket, HANDED, type HandedFile } from './argv.ts';
import { openCgroup } from './cgroup.ts';
import { getCgroupBounds } from './cgroup-bounds.ts';
import { markConsole } from './console.ts';
import type { Context, LastWords } from './context.ts';
import { DISK } from './create.ts';
import { openShare } from './folders/open-share.ts';
import { getMachineUid } from './ids.ts';
import type { VmImage } from './image/vm-image.ts';
import { getKernelLine, parseTscKhz } from './kernel-line.ts';
import { getKvmGroup } from './kvm/kvm.ts';
import type { MachineRecord } from './state.ts';

export interface LaunchOptions {
  image: VmImage;
  accel: 'kvm' | 'tcg';
  cable: Cable;
  signal: AbortSignal;
  context: Context;
  /** Called with every process as it is there, before the next. */
  onProcess: (processes: { share?: ProcessId; qemu?: ProcessId }) => Promise<void>;
}

export type QemuProcess = WatchedProcess & { id: ProcessId };

const { O_NOFOLLOW, O_RDONLY, O_RDWR } = constants;

/** Starts the server of the machine's folders, and QEMU. Nothing is known of the guest yet. Throws `machine-failed`. */
export async function launch(record: MachineRecord, options: LaunchOptions): Promise<QemuProcess> {
  const { context, signal, onProcess } = options;
  const { sockets, share: mountpoint } = getVmFiles(context.store.folder, record.id);
  const { mounts, owner } = record.spec;
  const socket = getSocket(sockets, 'fs');
  const socketUid = getMachineUid(record.id);
  const path = BASE_ENV.PATH;
  const share = await openShare({ mounts, owner, socket, socketUid, mountpoint, path }, signal);
  const bounds = getCgroupBounds(record.spec.limits, {
    emulated: options.accel === 'tcg',
    openFiles: await readMostOpenFiles(),
  });
  // Where there are no cgroups the guest has its bounds all the same; `doctor` says so.
  const { cgroup } = openCgroup({ homeLabel: record.spec.homeLabel, id: record.id }, bounds);
  cgroup?.add(share.pid);
  const lastWords: LastWords = { share: getLastWords(share) };
  context.lastWords.set(record.id, lastWords);
  await onProcess({ share: { pid: share.pid, startTime: share.startTime } });
  const argv = await getArgv(record, sockets, options);
  await markConsole(record.spec.folder, owner);
  const files = openFiles(record, options);
  try {
    const qemu = spawnWatched(
      argv,
      HANDED.map((name) => files[name]),
    );
    qemu.say('');
    const { id } = qemu;
    if (!id) throw getStartProblem(await qemu.ended);
    cgroup?.add(id.pid);
    lastWords.qemu = getLastWords(qemu);
    await onProcess({ qemu: id });
    return { ...qemu, id };
  } finally {
    for (const file of Object.values(files)) closeSync(file);
  }
}

function getLastWords({ ended, getErrorText }: Pick<WatchedProcess, 'ended' | 'getErrorText'>) {
  let how: string | undefined;
  void ended.then((said) => {
    how = said;
  });
  return () => (how === undefined ? undefined : [how, getTail(getErrorText(), 3)].join('\n').trim());
}

async function getArgv(record: MachineRecord, sockets: string, options: LaunchOptions): Promise<string[]> {
  const { accel, cable, context } = options;
  const { cpus, memoryMiB } = record.spec.limits;
  const tscKhz = accel === 'tcg' ? await readTscKhz() : undefined;
  return getQemuArgv({
    ...{ accel, cpus, memoryMiB, sockets, mac: cable.mac },
    uid: getMachineUid(record.id),
    kvmGid: accel === 'kvm' ? await getKvmGroup() : undefined,
    kernelLine: getKernelLine({ accel, tscKhz, extra: context.kernelLine }),
  });
}

async function readTscKhz(): Promise<number | undefined> {
  const hasCpufreq = await stat('/sys/devices/system/cpu/cpu0/cpufreq').catch(() => undefined);
  return parseTscKhz(await readFile('/proc/cpuinfo', 'utf8'), hasCpufreq !== undefined);
}

/** All of them, or none. The disk is in a folder of the owner's, who may have put anything in its place. */
function openFiles(record: MachineRecord, { image, cable }: LaunchOptions): Record<HandedFile, number> {
  const opened: number[] = [];
  const add = (fd: number) => {
    opened.push(fd);
    return fd;
  };
  try {
    const disk = add(openSync(join(record.spec.folder, DISK), O_RDWR | O_NOFOLLOW));
    if (!fstatSync(disk).isFile()) throw new Error(`${DISK} is no file`);
    return {
      vmlinux: add(openSync(image.vmlinux, O_RDONLY)),
      initrd: add(openSync(image.initrd, O_RDONLY)),
      root: add(openSync(image.root, O_RDONLY)),
      modules: add(openSync(image.modules, O_RDONLY)),
      disk,
      tap: add(openTap(cable.link)),
    };
  } catch (error) {
    for (const fd of opened) closeSync(fd);
    if (error instanceof ProblemError) throw error;
    throw getStartProblem(error instanceof Error ? error.message : String(error));
  }
}

/** Why QEMU is not there. */
export function getStartProblem(why: string): ProblemError {
  return new ProblemError({
    code: /not installed/.test(why) ? 'engine-missing' : 'machine-failed',
    message: 'QEMU did not start',
    ...(why === '' ? {} : { why }),
    fix: /not installed/.test(why) ? 'cspace setup --substrate qemu' : 'cspace doctor',
  });
}
