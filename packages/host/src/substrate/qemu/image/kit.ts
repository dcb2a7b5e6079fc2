import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lutimes, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import type { ImageBuilder, KitSource } from '../../substrate.ts';
import { getTimelessErofsArgv } from './erofs.ts';
import { makeInitrd } from './initrd.ts';
import { KIT_FILES, type KitFile } from './store.ts';
import { getInImageArgv, runTool, type ToolOptions } from './tools.ts';
import { extractVmlinux } from './vmlinux.ts';

/** Where the built image has `bzImage`, `kernel-release`, `initrd/` and `modules/<release>/`. */
const IN_IMAGE = 'kit/.';

export interface KitOptions extends ToolOptions {
  builder: ImageBuilder;
  source: KitSource;
  /** Tag of the OCI image that it is built in: its compiler, and its distribution's kernel. */
  base: string;
  /** Build it again, with the distribution's kernel of today. */
  refresh: boolean;
  /** An existing folder for what is in the making. */
  work: string;
}

export const getKitTag = (source: KitSource): string => `localhost/cspace-kit:${source.hash.slice(0, 12)}`;

/** Makes the kit below `work` and gives its folder there. Throws `image-build-failed`. */
export async function makeKit(options: KitOptions): Promise<{ folder: string; kit: KitFile }> {
  const { source, work, onLine } = options;
  await buildKitImage(options);
  onLine('kernel: unpacking it');
  const tree = join(work, 'tree');
  await mkdir(tree);
  await runTool(options, {
    argv: getInImageArgv(getKitTag(source), ['cp', '-a', IN_IMAGE, tree]),
    program: 'podman',
    action: 'give the kernel out of the image that it was built in',
  });
  const folder = join(work, 'kit');
  await mkdir(folder);
  await writeFile(
    join(folder, KIT_FILES.vmlinux),
    await extractVmlinux(await readFile(join(tree, 'bzImage'))),
  );
  await writeFile(join(folder, KIT_FILES.initrd), await makeInitrd(join(tree, 'initrd')));
  const kernel = await makeModules(options, join(tree, 'modules'), join(folder, KIT_FILES.modules));
  const kit: KitFile = { v: 1, key: await getKey(folder), sources: source.hash, kernel };
  await writeFile(join(folder, KIT_FILES.json), `${JSON.stringify(kit)}\n`);
  return { folder, kit };
}

async function buildKitImage(options: KitOptions): Promise<void> {
  const { builder, source, base, refresh, work, signal, onLine } = options;
  const tag = getKitTag(source);
  if (!refresh && (await builder.hasImage(tag, signal))) return;
  onLine('kernel: getting it, and compiling what runs before the image');
  const folder = join(work, 'context');
  await mkdir(folder);
  await source.write(folder);
  const buildArgs = { IMAGE: base, ...(refresh ? { CSPACE_REFRESHED: new Date().toISOString() } : {}) };
  await builder.ensureImage({ tag, folder, buildArgs, onLine, signal });
}

/** When depmod ran makes no difference. Gives the kernel's release. */
async function makeModules(options: KitOptions, folder: string, file: string): Promise<string> {
  const [release, ...more] = await readdir(folder);
  if (release === undefined || more.length > 0) {
    throw new ProblemError({
      code: 'image-build-failed',
      message: 'the kernel of microVMs does not have its modules as it should',
      why: `one folder was expected, found: ${[release, ...more].join(' ')}`,
    });
  }
  for (const path of ['', ...(await readdir(folder, { recursive: true }))]) {
    await lutimes(join(folder, path), 0, 0);
  }
  await runTool(options, {
    argv: getTimelessErofsArgv(file, folder),
    program: 'mkfs.erofs',
    action: "make a file system of the kernel's modules",
  });
  return release;
}

async function getKey(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of [KIT_FILES.vmlinux, KIT_FILES.initrd, KIT_FILES.modules]) {
    for await (const bytes of createReadStream(join(folder, name))) hash.update(bytes);
    hash.update('\0');
  }
  return hash.digest('hex').slice(0, 12);
}
