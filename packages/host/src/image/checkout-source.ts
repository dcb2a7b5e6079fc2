import { join, resolve } from 'node:path';
import type { Owner } from '../system/owner.ts';
import { findBundleCache } from './bundle-cache.ts';
import { ensureBundles } from './bundles.ts';
import { readTree } from './read-tree.ts';
import { type ImageSource, KIT_FOLDER } from './source.ts';

/** The root of the checkout that this file is in. */
export const CHECKOUT_ROOT = resolve(import.meta.dir, '../../../..');

export interface CheckoutOptions {
  /** Where bundles are kept when the checkout cannot be written to. */
  cache: string;
  owner: Owner;
  root?: string;
}

/** The image's files from a source checkout: its folder `image`, and bundles made from its packages. */
export function createCheckoutSource({ cache, owner, root = CHECKOUT_ROOT }: CheckoutOptions): ImageSource {
  return {
    async files({ signal, onProgress }) {
      const place = await findBundleCache(root, { cache, owner });
      const bundles = await ensureBundles({ ...place, root, signal, onProgress });
      const files = await readImageFolder(root);
      for (const [name, bytes] of bundles) files.set(`bundles/${name}`, bytes);
      return files;
    },
  };
}

/** Those that the image's tag goes by. */
export function readImageFolder(root: string): Promise<Map<string, Uint8Array>> {
  const wants = (path: string) => !['ca/', KIT_FOLDER].some((folder) => path.startsWith(folder));
  return readTree(join(root, 'image'), wants);
}
