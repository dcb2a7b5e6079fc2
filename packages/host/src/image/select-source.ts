import type { Owner } from '../system/owner.ts';
import type { Paths } from '../system/paths.ts';
import { createCheckoutSource } from './checkout-source.ts';
import { EMBEDDED_FILES } from './embedded.ts';
import { createEmbeddedSource } from './embedded-source.ts';
import type { ImageSource } from './source.ts';
import { getImageCache } from './work-folder.ts';

/** A standalone binary brings the image's files along; a source checkout has them beside itself. */
export function selectSource(at: { paths: Paths; owner: Owner }): ImageSource {
  if (EMBEDDED_FILES !== undefined) return createEmbeddedSource(EMBEDDED_FILES);
  return createCheckoutSource({ cache: getImageCache(at.paths), owner: at.owner });
}
