import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { VmImage } from './vm-image.ts';

/**
 * The folder with everything that microVMs start from. A descriptor `image-….json` names what belongs to a tag and is
 * written last; the rest is kept by its content's key and shared between tags. What is in the making stands in a folder
 * `.partial-…`, and is renamed when it is whole.
 */
export const PREFIXES = {
  kit: 'kit-',
  root: 'root-',
  disk: 'empty-',
  image: 'image-',
  partial: '.partial-',
} as const;
export const LOCK_FILE = '.lock';

const Key = z.string().regex(/^[0-9a-f]{12}$/);

/** `kit-<key>/kit.json`. */
export const KitFile = z.object({
  v: z.literal(1),
  key: Key,
  /** Hash of what it was built from. */
  sources: z.string(),
  kernel: z.string(),
});
export type KitFile = z.infer<typeof KitFile>;

/** `image-….json`. */
export const Descriptor = z.object({
  v: z.literal(1),
  tag: z.string(),
  /** The OCI image's id. */
  image: z.string(),
  kit: Key,
  root: Key,
  /** Name of the empty disk's file. */
  disk: z.string().regex(/^empty-[0-9a-f]{12}\.ext4$/),
  entrypoint: z.array(z.string()),
  cmd: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  workdir: z.string(),
  user: z.string(),
  standby: z.boolean().default(false),
});
export type Descriptor = z.infer<typeof Descriptor>;

export const getKitFolder = (store: string, key: string): string => join(store, `${PREFIXES.kit}${key}`);
export const getRootFile = (store: string, key: string): string =>
  join(store, `${PREFIXES.root}${key}.erofs`);

/** Readable, and another one for each tag. */
export function getDescriptorFile(store: string, tag: string): string {
  const readable = tag.replace(/[^a-zA-Z0-9.-]+/g, '_').slice(-80);
  const hash = createHash('sha256').update(tag).digest('hex').slice(0, 8);
  return join(store, `${PREFIXES.image}${readable}-${hash}.json`);
}

export const KIT_FILES = {
  vmlinux: 'vmlinux',
  initrd: 'initrd',
  modules: 'modules.erofs',
  json: 'kit.json',
} as const;

/** The kit of that key, where it is whole. */
export async function readKit(store: string, key: string): Promise<KitFile | undefined> {
  const folder = getKitFolder(store, key);
  const kit = await readJson(join(folder, KIT_FILES.json), KitFile);
  if (kit?.key !== key) return undefined;
  const files = [KIT_FILES.vmlinux, KIT_FILES.initrd, KIT_FILES.modules].map((name) => join(folder, name));
  return (await areFiles(files)) ? kit : undefined;
}

export async function readDescriptor(store: string, tag: string): Promise<Descriptor | undefined> {
  const found = await readJson(getDescriptorFile(store, tag), Descriptor);
  return found?.tag === tag ? found : undefined;
}

/** What the descriptor of a tag names, where all of it is there. */
export async function findImage(
  store: string,
  tag: string,
): Promise<{ image: VmImage; kit: KitFile; descriptor: Descriptor } | undefined> {
  const descriptor = await readDescriptor(store, tag);
  if (!descriptor) return undefined;
  const kit = await readKit(store, descriptor.kit);
  const root = getRootFile(store, descriptor.root);
  const emptyDisk = join(store, descriptor.disk);
  if (!kit || !(await areFiles([root, emptyDisk]))) return undefined;
  const { entrypoint, cmd, env, workdir, standby } = descriptor;
  const inKit = (name: string) => join(getKitFolder(store, kit.key), name);
  const image: VmImage = {
    tag,
    vmlinux: inKit(KIT_FILES.vmlinux),
    initrd: inKit(KIT_FILES.initrd),
    modules: inKit(KIT_FILES.modules),
    root,
    emptyDisk,
    kernel: kit.kernel,
    kitKey: kit.key,
    rootKey: descriptor.root,
    entrypoint,
    cmd,
    env,
    workdir,
    standby,
  };
  return { image, kit, descriptor };
}

/** Undefined where there is no such file, or it is not what it should be: it is then made anew. */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

export async function areFiles(paths: readonly string[]): Promise<boolean> {
  const found = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return found.every((each) => each?.isFile() === true);
}
