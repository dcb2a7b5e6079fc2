import { chmod, chown, mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { getTail, run } from '../../system/exec.ts';
import { ensureFolder } from '../../system/files.ts';
import { getVmFiles } from '../../system/paths.ts';
import { runTogether } from '../../system/together.ts';
import type { Machine, MachineSpec } from '../substrate.ts';
import { type Context, throwInterrupted } from './context.ts';
import { settle } from './ending.ts';
import { getMachineUid, pickMachineId } from './ids.ts';
import type { VmImage } from './image/vm-image.ts';
import { makeSshFiles } from './ssh/keys.ts';
import { getMachine, listHostIds, type MachineRecord } from './state.ts';

/** The machine's own disk, in its folder. */
export const DISK = 'disk.ext4';

/** Makes the machine, or gives the one that is there. What a failed or cancelled attempt made is removed again. */
export function createMachine(spec: MachineSpec, signal: AbortSignal, context: Context): Promise<Machine> {
  return context.change(spec.ref, signal, async () => {
    const existing = await context.store.find(spec.ref);
    if (existing) return getMachine(await settle(existing, signal, context));
    return getMachine(await make(spec, signal, context));
  });
}

export async function requireImage(tag: string, context: Context): Promise<VmImage> {
  const image = await context.images.find(tag);
  if (image) return image;
  throw new ProblemError({
    code: 'image-missing',
    message: `the image ${tag} is not there for microVMs`,
    fix: 'cspace image build --substrate qemu',
  });
}

async function make(spec: MachineSpec, signal: AbortSignal, context: Context): Promise<MachineRecord> {
  const image = await requireImage(spec.image, context);
  const id = pickMachineId(await listHostIds(context.store.folder));
  try {
    await runTogether(signal, [
      (signal) => makeStateFolder(id, signal, context),
      (signal) => makeDisk(spec, image.emptyDisk, { signal, context }),
    ]);
    signal.throwIfAborted();
    const record: MachineRecord = {
      ...{ v: 1, id, spec, phase: 'created', qemu: null, share: null },
      ...{ address: null, startedAt: null, restored: false, exit: null },
    };
    await context.store.put(record);
    return record;
  } catch (error) {
    await rm(join(spec.folder, DISK), { force: true });
    await context.store.remove(id);
    return signal.aborted ? throwInterrupted() : Promise.reject(error);
  }
}

async function makeStateFolder(id: string, signal: AbortSignal, context: Context): Promise<void> {
  await makeSockets(id, context);
  const { folder } = getVmFiles(context.store.folder, id);
  await makeSshFiles({ folder, uid: getMachineUid(id) }, signal);
}

/** A state folder with the one of the sockets. Its user must get through to them, and sees nothing on the way. */
export async function makeSockets(id: string, context: Pick<Context, 'store'>): Promise<void> {
  const uid = getMachineUid(id);
  const { folder, sockets } = getVmFiles(context.store.folder, id);
  await ensureFolder(context.store.folder, { mode: 0o711 });
  await openWay(context.store.folder, 3);
  await mkdir(folder, { mode: 0o711 });
  await mkdir(sockets, { mode: 0o700 });
  await chown(sockets, uid, uid);
}

/** `/run/cspace/LABEL/vm`, which others may have made for root alone. */
async function openWay(folder: string, levels: number): Promise<void> {
  const { mode } = await stat(folder);
  if ((mode & 0o011) !== 0o011) await chmod(folder, (mode & 0o7777) | 0o011);
  if (levels > 1) await openWay(dirname(folder), levels - 1);
}

/** The machine's own, in the place of one that is there. */
export async function makeDisk(
  { folder, owner }: MachineSpec,
  from: string,
  { signal, context }: { signal: AbortSignal; context: Context },
): Promise<void> {
  const to = join(folder, DISK);
  await copyDisk({ from, to, timeoutMs: context.deadlines.tool }, signal);
  if (process.getuid?.() === 0) await chown(to, owner.uid, owner.gid);
}

/** Only what is not empty is copied, or shared where the file system can. */
export async function copyDisk(
  { from, to, timeoutMs }: { from: string; to: string; timeoutMs: number },
  signal: AbortSignal,
): Promise<void> {
  const how = ['--sparse=always', '--reflink=auto', '--no-preserve=all', '--remove-destination'];
  const argv = ['cp', ...how, '--', from, to];
  const copied = await run(argv, { timeoutMs, signal });
  if (copied.ok) return;
  throw new ProblemError({
    code: 'machine-failed',
    message: 'could not make the disk of the machine',
    why: copied.timedOut ? `cp took more than ${timeoutMs} ms` : getTail(copied.stderr, 3),
    fix: 'cspace doctor',
  });
}
