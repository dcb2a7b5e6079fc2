import { randomBytes, randomUUID } from 'node:crypto';
import { closeSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Limits } from '@cspace/protocol/sandbox';
import { openMemoryFile } from '../../../system/memory-file.ts';
import { getVmFiles } from '../../../system/paths.ts';
import { signalProcess, waitForEnd } from '../../../system/process-id.ts';
import { getQemuArgv, getSocket } from '../argv.ts';
import { getStandbyConfiguration } from '../configuration.ts';
import type { Context } from '../context.ts';
import { openControl } from '../control.ts';
import { copyDisk, makeSockets } from '../create.ts';
import { openHandedFiles } from '../handed-files.ts';
import { getMachineUid, pickMachineId } from '../ids.ts';
import type { VmImage } from '../image/vm-image.ts';
import { putInPlace } from '../image/workshop.ts';
import { type QemuProcess, spawnQemu } from '../launch.ts';
import { readPlan } from '../plan.ts';
import type { Qmp } from '../qmp.ts';
import { connectStarted, expectWord } from '../starting.ts';
import { listHostIds } from '../state.ts';
import { saveMemory } from './memory.ts';
import { saveDevices } from './save-devices.ts';
import { waitUntilIdle } from './settle.ts';
import {
  getParts,
  getTemplateFile,
  getTemplateFolder,
  getTemplatesFolder,
  PARTIAL,
  type TemplateFile,
} from './store.ts';

/** What a template is for. */
export interface Wanted {
  image: VmImage;
  accel: 'kvm' | 'tcg';
  limits: Limits;
  /** What its machines have in their environment beyond the image's, where the first program is to stand by. */
  standby?: Record<string, string> | undefined;
}

export type MakingContext = Pick<Context, 'store' | 'deadlines' | 'kernelLine'>;

export interface MakeOptions extends Wanted {
  key: string;
  /** Where images are, and templates. */
  store: string;
  context: MakingContext;
  signal: AbortSignal;
}

/** How much longer than for a machine everything may take: it makes way for the others. */
const PATIENCE = 4;

/** Of the template's network card: every machine gives its own to its guest. */
export const NO_MAC = '02:c5:00:00:00:00';

/**
 * Boots a guest that is nobody's, up to where it waits for being told who it is (its first program too, where that can
 * stand by), and keeps its memory. It has no folders and
 * no network: its card ends in a tap that leads nowhere and goes with it. A killed one is found by its state folder, which
 * has no machine in it.
 */
export async function makeTemplate(options: MakeOptions): Promise<void> {
  const { key, store, image, limits, context, signal } = options;
  const work = join(getTemplatesFolder(store), `${PARTIAL}${randomBytes(6).toString('hex')}`);
  const id = pickMachineId(await listHostIds(context.store.folder));
  const uid = getMachineUid(id);
  const { ram, state, disk } = getParts(work);
  await mkdir(work, { mode: 0o700 });
  const memory = openMemoryFile('cspace', { bytes: limits.memoryMiB * 1024 * 1024, uid });
  try {
    await makeSockets(id, context);
    await copyDisk({ from: image.emptyDisk, to: disk, timeoutMs: context.deadlines.tool }, signal);
    await withGuest({ ...options, id, disk, memory }, async (qmp) => {
      await qmp.execute('stop');
      const { sockets } = getVmFiles(context.store.folder, id);
      const at = { socket: getSocket(sockets, 'state'), uid, file: state };
      await saveDevices(qmp, { ...at, timeoutMs: context.deadlines.tool, signal });
      await saveMemory(memory, ram, signal);
    });
    const standby = options.standby !== undefined;
    if (!standby) await rm(disk);
    const file: TemplateFile = { v: 1, key, kit: image.kitKey, root: image.rootKey, standby };
    await writeFile(getTemplateFile(work), `${JSON.stringify(file)}\n`);
    await putInPlace(work, getTemplateFolder(store, key));
  } finally {
    closeSync(memory);
    await rm(work, { recursive: true, force: true });
    await context.store.remove(id);
  }
}

type GuestOptions = MakeOptions & { id: string; disk: string; memory: number };

/** Calls `use` when the guest waits, and ends it in any case. */
async function withGuest(options: GuestOptions, use: (qmp: Qmp) => Promise<void>): Promise<void> {
  const { id, context, signal, accel } = options;
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const qemu = await spawn(options);
  try {
    const qmp = await connectStarted(qemu, { id, context, signal, onOver: () => over.abort() });
    const control = await openControl(
      getSocket(getVmFiles(context.store.folder, id).sockets, 'control'),
      either,
    );
    try {
      const timeoutMs = context.deadlines.boot[accel] * PATIENCE;
      await expectWord(control, { word: 'ready', timeoutMs }, either);
      if (options.standby) {
        control.send(getStandbyConfiguration({ ...options, env: options.standby }));
        await expectWord(control, { word: 'ok', timeoutMs }, either);
        await expectWord(control, { word: 'ready', timeoutMs }, either);
        await waitUntilIdle(qemu.id.pid, AbortSignal.any([either, AbortSignal.timeout(timeoutMs)]));
        either.throwIfAborted();
      }
      // Still connected: it waits for our words, and for nothing else.
      await use(qmp);
    } finally {
      control.close();
      qmp.close();
    }
  } finally {
    signalProcess(qemu.id, 'SIGKILL');
    await waitForEnd(qemu.id, context.deadlines.end);
  }
}

async function spawn({
  id,
  image,
  accel,
  limits,
  context,
  disk,
  memory,
}: GuestOptions): Promise<QemuProcess> {
  const template = { use: 'make', generation: randomUUID() } as const;
  const plan = await readPlan({ id, limits, mac: NO_MAC, accel, template, context });
  const files = openHandedFiles({ image, disk, link: `cst${id}`, memory });
  try {
    return await spawnQemu(getQemuArgv(plan), files.fds);
  } finally {
    files.close();
  }
}
