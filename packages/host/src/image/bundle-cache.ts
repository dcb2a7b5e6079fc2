import { access, constants, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Owner } from '../system/owner.ts';

/** A folder to keep bundles in, and whose files are in it. */
export interface BundleCache {
  cache: string;
  owner: Owner;
}

/**
 * Bundles are of a checkout, not of a home: they are kept beside its packages, so that a second home needs no network
 * to find them. Where that cannot be written to (a checkout of another user, a read-only one), the home's own cache.
 * What is in the checkout runs as us in any case; being its owner's costs nothing in trust.
 */
export async function findBundleCache(root: string, home: BundleCache): Promise<BundleCache> {
  const packages = join(root, 'node_modules');
  try {
    await access(packages, constants.W_OK);
    const { uid, gid } = await stat(packages);
    return { cache: join(packages, '.cache', 'cspace'), owner: { uid, gid } };
  } catch {
    return home;
  }
}
