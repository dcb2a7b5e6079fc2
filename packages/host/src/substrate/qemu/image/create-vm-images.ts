import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../system/files.ts';
import type { BuildContext, ImageBuilder, KitSource } from '../../substrate.ts';
import { EMPTY_DISK } from './empty-disk.ts';
import { EROFS_FORMAT } from './erofs.ts';
import { getRootKey, type OciImage } from './oci.ts';
import { prune } from './prune.ts';
import { STEPS, type Steps } from './steps.ts';
import {
  areFiles,
  type Descriptor,
  findImage,
  getDescriptorFile,
  getKitFolder,
  getRootFile,
  type KitFile,
  PREFIXES,
  readKit,
} from './store.ts';
import type { RunTool } from './tools.ts';
import type { VmImages } from './vm-image.ts';
import { putInPlace, type Workshop, withWorkshop } from './workshop.ts';

export interface VmImagesOptions {
  /** The folder they are kept in; made where it is missing. */
  store: string;
  /** Of the OCI images that they are made from. */
  builder: ImageBuilder;
  /** With podman's configuration. */
  run: RunTool;
  loadKit: () => Promise<KitSource>;
  steps?: Steps;
}

/** What microVMs start from, made of OCI images: kernel and initramfs, root file system, empty disk. */
export function createVmImages(options: VmImagesOptions): VmImages {
  const { store, builder, loadKit } = options;
  return {
    async hasImage(tag) {
      const found = await findImage(store, tag);
      // A kernel that was built from other sources does not understand this daemon.
      return found !== undefined && found.kit.sources === (await loadKit()).hash;
    },
    async ensureImage(context) {
      const { tag, signal, refresh = false, onLine } = context;
      if (refresh || !(await builder.hasImage(tag, signal))) await builder.ensureImage(context);
      const onWait = () => onLine('waiting for another cspace that makes images of microVMs');
      await withWorkshop({ store, signal, onWait }, (workshop) => make(options, context, workshop));
    },
    find: async (tag) => (await findImage(store, tag))?.image,
  };
}

/** Nothing but a question to podman where all of it is there. */
async function make(options: VmImagesOptions, context: BuildContext, workshop: Workshop): Promise<void> {
  const { builder, run, loadKit, steps = STEPS } = options;
  const { tag, signal, refresh = false, onLine } = context;
  const { store } = workshop;
  const tools = { run, signal, onLine };
  const [oci, source] = await Promise.all([steps.inspect(tools, tag), loadKit()]);
  const found = await findImage(store, tag);
  const isSame = found?.descriptor.image === oci.id && found.kit.sources === source.hash;
  if (isSame && !refresh && found.descriptor.disk === EMPTY_DISK) return;
  const making: Making = { steps, tools, workshop, tag, oci };
  const kit =
    (refresh ? undefined : await findKit(store, source.hash)) ??
    (await makeKit(making, { builder, source, refresh }));
  const root = await ensureRoot(making);
  await ensureEmptyDisk(making);
  await writeDescriptor(making, { kit: kit.key, root });
  await prune(store, { tag, hasImage: (other) => builder.hasImage(other, signal) });
}

interface Making {
  steps: Steps;
  tools: { run: RunTool; signal: AbortSignal; onLine: (line: string) => void };
  workshop: Workshop;
  tag: string;
  oci: OciImage;
}

/** A whole kit that was built from these sources. */
async function findKit(store: string, sources: string): Promise<KitFile | undefined> {
  for (const name of await readdir(store)) {
    const kit = name.startsWith(PREFIXES.kit)
      ? await readKit(store, name.slice(PREFIXES.kit.length))
      : undefined;
    if (kit?.sources === sources) return kit;
  }
  return undefined;
}

async function makeKit(
  { steps, tools, workshop, tag }: Making,
  from: { builder: ImageBuilder; source: KitSource; refresh: boolean },
): Promise<KitFile> {
  const { folder, kit } = await steps.makeKit({ ...tools, ...from, base: tag, work: workshop.folder });
  await putInPlace(folder, getKitFolder(workshop.store, kit.key));
  return kit;
}

async function ensureRoot({ steps, tools, workshop, tag, oci }: Making): Promise<string> {
  const key = getRootKey(oci.layers, EROFS_FORMAT);
  const place = getRootFile(workshop.store, key);
  if (await areFiles([place])) return key;
  tools.onLine('root: making a file system of the image');
  const file = join(workshop.folder, 'root.erofs');
  await steps.makeRoot(tools, { tag, file });
  await putInPlace(file, place);
  return key;
}

async function ensureEmptyDisk({ steps, tools, workshop }: Making): Promise<void> {
  const place = join(workshop.store, EMPTY_DISK);
  if (await areFiles([place])) return;
  const file = join(workshop.folder, 'empty.ext4');
  await steps.makeEmptyDisk(tools, file);
  await putInPlace(file, place);
}

/** Last: from now on the image is there. */
async function writeDescriptor(
  { workshop, tag, oci }: Making,
  keys: { kit: string; root: string },
): Promise<void> {
  const { entrypoint, cmd, env, workdir, user, standby } = oci;
  const descriptor: Descriptor = {
    ...{ v: 1, tag, image: oci.id, ...keys, disk: EMPTY_DISK },
    ...{ entrypoint, cmd, env, workdir, user, standby },
  };
  const text = `${JSON.stringify(descriptor, undefined, 2)}\n`;
  await writeFileAtomic(getDescriptorFile(workshop.store, tag), text, { mode: 0o644 });
}
