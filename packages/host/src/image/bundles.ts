import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Owner } from '../system/owner.ts';
import { bundle } from './bundle.ts';
import { getContentHash } from './content.ts';
import { readTree } from './read-tree.ts';
import type { ImageFiles, SourceOptions } from './source.ts';
import { removeTree, withWorkFolder } from './work-folder.ts';
import { writeTree } from './write-tree.ts';

const PACKAGES = ['protocol', 'host', 'supervisor'];
const ROOT_FILES = ['package.json', 'package-lock.json'];
const PREFIX = 'bundles-';
const KEEP_MS = 24 * 60 * 60 * 1000;

export interface BundlesOptions extends SourceOptions {
  /** The checkout. */
  root: string;
  cache: string;
  owner: Owner;
}

/**
 * The bundles of a checkout, of which `BUNDLES` says which there are. Made anew only when a source, the lock file or Bun
 * changed; else they are read from the cache. Throws ProblemError `image-build-failed`.
 */
export async function ensureBundles(options: BundlesOptions): Promise<ImageFiles> {
  const { cache, owner } = options;
  const sources = await readSources(options.root);
  const made = join(cache, `${PREFIX}${getBundlesKey(sources)}`);
  if (!existsSync(made)) {
    options.onProgress('bundling the programs of the sandbox');
    await withWorkFolder({ cache, owner }, async (folder) => {
      await writeTree(folder, sources, owner);
      const bundles = await bundle({ ...options, folder });
      await putInPlace(bundles, made);
    });
    await removeOld(cache, made);
  }
  return readTree(made);
}

/** Another process may have made the same ones meanwhile; they are as good. */
async function putInPlace(folder: string, made: string): Promise<void> {
  try {
    await rename(folder, made);
  } catch (error) {
    if (!existsSync(made)) throw error;
  }
}

/** Sources decide, and the Bun that bundles them. */
export function getBundlesKey(sources: ImageFiles, bunVersion: string = Bun.version): string {
  return createHash('sha256')
    .update(`${getContentHash(sources)} ${bunVersion}`)
    .digest('hex')
    .slice(0, 12);
}

/** What the bundles are made of, by the path in the checkout. */
export async function readSources(root: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of ROOT_FILES) files.set(name, new Uint8Array(await readFile(join(root, name))));
  for (const name of PACKAGES) {
    const prefix = `packages/${name}`;
    const manifest = `${prefix}/package.json`;
    files.set(manifest, new Uint8Array(await readFile(join(root, manifest))));
    for (const [path, bytes] of await readTree(join(root, prefix, 'src'), isSource)) {
      files.set(`${prefix}/src/${path}`, bytes);
    }
  }
  return files;
}

const isSource = (path: string): boolean => !path.endsWith('.test.ts');

/** Bundles of earlier sources; a checkout that changes often would heap them up. Another process may read a young one. */
async function removeOld(cache: string, made: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const path = join(cache, name);
    if (!name.startsWith(PREFIX) || path === made) continue;
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > KEEP_MS) await removeTree(path);
  }
}
