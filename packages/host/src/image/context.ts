import { getContentHash, getTag } from './content.ts';
import { readHostCertificates } from './host-ca.ts';
import { type Pins, parsePins } from './pins.ts';
import type { ImageFiles, ImageSource, SourceOptions } from './source.ts';

/** All that an image is built from, before it is written anywhere. */
export interface ImageContext {
  files: ImageFiles;
  pins: Pins;
  hash: string;
  tag: string;
}

export interface ContextOptions extends SourceOptions {
  source: ImageSource;
  readCertificates?: typeof readHostCertificates;
}

/** `COPY ca/` fails on a folder that does not exist, and a context may lose empty ones. */
const KEEP = 'ca/.gitkeep';

/** Joins the image's files with the host's certificate authorities: both decide on the tag. */
export async function readContext(options: ContextOptions): Promise<ImageContext> {
  const { source, readCertificates = readHostCertificates } = options;
  const [own, certificates] = await Promise.all([source.files(options), readCertificates()]);
  const files = new Map([...own, [KEEP, new Uint8Array()] as const, ...certificates]);
  const hash = getContentHash(files);
  return { files, pins: parsePins(files), hash, tag: getTag(hash) };
}
