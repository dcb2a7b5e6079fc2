import { ProblemError } from '@cspace/protocol/problem';
import { z } from 'zod';
import type { ImageFiles } from './source.ts';

/** What the host reads of `versions.json`; the packages in it are for the script `fetch` in the build. */
const Pins = z.object({
  /** Suite of Debian. */
  debian: z.string().regex(/^[a-z]+$/),
  /** The base image by its name in a registry. */
  base: z.string(),
});
export type Pins = z.infer<typeof Pins>;

/** Throws ProblemError `internal` where the file is missing or wrong: it is a part of cspace. */
export function parsePins(files: ImageFiles): Pins {
  try {
    return Pins.parse(JSON.parse(new TextDecoder().decode(files.get('versions.json'))));
  } catch (cause) {
    throw new ProblemError({ code: 'internal', message: 'image/versions.json cannot be read' }, { cause });
  }
}
