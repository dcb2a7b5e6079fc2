import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Package } from './package.ts';

const IMAGE = resolve(import.meta.dir, '../../image');

type Pin = { version: string } & Record<string, { name: string; integrity: string } | string>;

/** What the image is made of on an architecture, by Debian's name of it. */
export interface ImagePins {
  suite: string;
  /** By their keys in versions.json; `own`: made for that architecture alone. */
  packages: { key: string; own: boolean; package: Package }[];
  debian: string[];
}

export async function readImagePins(arch: string): Promise<ImagePins> {
  const { debian, packages } = JSON.parse(await readFile(resolve(IMAGE, 'versions.json'), 'utf8'));
  const pins = Object.entries(packages as Record<string, Pin>).map(([key, pin]) => {
    const found = pin[arch] ?? pin.all;
    if (typeof found !== 'object') throw new Error(`${key} has no pin for ${arch}`);
    return { key, own: pin[arch] !== undefined, package: { ...found, version: pin.version } };
  });
  return {
    suite: debian,
    packages: pins,
    debian: parseInstalled(await readFile(resolve(IMAGE, 'Dockerfile'), 'utf8')),
  };
}

/** The packages of the `apt-get install` in a Dockerfile. Pure. */
export function parseInstalled(dockerfile: string): string[] {
  const joined = dockerfile.replaceAll(/\\\n/g, ' ');
  const found = /apt-get [^&\n]*\binstall ([^&\n#]*)/.exec(joined)?.[1] ?? '';
  return found.split(/\s+/).filter((word) => word !== '' && !word.startsWith('-'));
}
