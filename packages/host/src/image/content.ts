import { createHash } from 'node:crypto';
import type { ImageFiles } from './source.ts';

const REPOSITORY = 'localhost/cspace';

/** The image built last, whatever its content. */
export const LATEST_TAG = `${REPOSITORY}:latest`;

/**
 * What an image is made of, as a number: another one for any change of a path, a mode or a byte. Lengths are part of
 * it, so that no two contexts run into each other.
 */
export function getContentHash(files: ImageFiles): string {
  const hash = createHash('sha256');
  for (const path of [...files.keys()].sort()) {
    const bytes = files.get(path) ?? new Uint8Array();
    hash.update(`${path}\0${getMode(bytes).toString(8)}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

/** The tag of an image by its content: 12 digits are plenty for the few images of a host. */
export function getTag(contentHash: string): string {
  return `${REPOSITORY}:${contentHash.slice(0, 12)}`;
}

/** Scripts are executable, nothing else is: the mode follows from the content, so that no archive can lose it. */
export function getMode(bytes: Uint8Array): number {
  return bytes[0] === 0x23 && bytes[1] === 0x21 ? 0o755 : 0o644; // #!
}
