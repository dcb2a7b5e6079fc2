/**
 * What the standalone binary carries of the image, and of the kit that microVMs boot it with. As a program:
 * `bun scripts/bundle.ts FOLDER` writes their files there (all but the host's certificate authorities). As a module:
 * `embedImage` is the plugin for `Bun.build` that puts these files into the binary, in the place of
 * packages/host/src/image/embedded.ts.
 */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { BunPlugin } from 'bun';
import { createCheckoutSource } from '../packages/host/src/image/checkout-source.ts';
import { readKitFiles } from '../packages/host/src/image/kit.ts';
import { KIT_FOLDER } from '../packages/host/src/image/source.ts';
import { writeTree } from '../packages/host/src/image/write-tree.ts';
import { getOwner } from '../packages/host/src/system/owner.ts';

const TIMEOUT_MS = 10 * 60_000;

/** Writes the files of the image below a new folder; its parent exists. Returns their paths in it. */
export async function writeImageFiles(folder: string, signal: AbortSignal): Promise<string[]> {
  await mkdir(folder);
  const source = createCheckoutSource({ cache: join(folder, '.cache'), owner: getOwner() });
  const own = await source.files({ signal, onProgress: (message) => console.error(message) });
  const kit = await readKitFiles();
  const files = new Map([
    ...own,
    ...[...kit].map(([path, bytes]) => [`${KIT_FOLDER}${path}`, bytes] as const),
  ]);
  await writeTree(folder, files);
  return [...files.keys()];
}

/** The module that stands for embedded.ts: each file is embedded as it is, and read only when an image is built. */
export function renderEmbedded(folder: string, paths: readonly string[]): string {
  const imports = paths.map(
    (path, i) => `import f${i} from ${JSON.stringify(join(folder, path))} with { type: 'file' };`,
  );
  const entries = paths.map((path, i) => `${JSON.stringify(path)}: f${i}`);
  return `${imports.join('\n')}\nexport const EMBEDDED_FILES = { ${entries.join(', ')} };\n`;
}

/** For `Bun.build({ compile, plugins: [embedImage(folder, paths)] })`. */
export function embedImage(folder: string, paths: readonly string[]): BunPlugin {
  return {
    name: 'embed-image',
    setup(build) {
      build.onLoad({ filter: /\/image\/embedded\.ts$/ }, () => ({
        contents: renderEmbedded(folder, paths),
        loader: 'ts',
      }));
    },
  };
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) {
    console.error('usage: bun scripts/bundle.ts FOLDER');
    process.exit(2);
  }
  await writeImageFiles(resolve(folder), AbortSignal.timeout(TIMEOUT_MS));
}
