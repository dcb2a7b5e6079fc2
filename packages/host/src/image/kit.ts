import { resolve } from 'node:path';
import type { KitSource } from '../substrate/substrate.ts';
import { CHECKOUT_ROOT } from './checkout-source.ts';
import { getContentHash } from './content.ts';
import { EMBEDDED_FILES } from './embedded.ts';
import { readEmbedded } from './embedded-source.ts';
import { readTree } from './read-tree.ts';
import { type ImageFiles, KIT_FOLDER } from './source.ts';
import { writeTree } from './write-tree.ts';

/** What microVMs boot before the image's own files are there, as sources: by their path in `image/vm`. */
export async function readKitFiles(
  root = CHECKOUT_ROOT,
  embedded: Readonly<Record<string, string>> | undefined = EMBEDDED_FILES,
): Promise<ImageFiles> {
  if (embedded === undefined) return readTree(resolve(root, 'image', KIT_FOLDER));
  const files = await readEmbedded(embedded, (path) => path.startsWith(KIT_FOLDER));
  return new Map([...files].map(([path, bytes]) => [path.slice(KIT_FOLDER.length), bytes]));
}

/** A few small files, read anew at each call: a checkout may change under a daemon. */
export async function loadKit(): Promise<KitSource> {
  const files = await readKitFiles();
  return { hash: getContentHash(files), write: (folder) => writeTree(folder, files) };
}
