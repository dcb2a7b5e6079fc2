import type { Substrate } from '../substrate/substrate.ts';
import type { Owner } from '../system/owner.ts';
import type { Paths } from '../system/paths.ts';
import { LATEST_TAG } from './content.ts';
import { readContext } from './context.ts';
import { selectSource } from './select-source.ts';
import type { ImageSource } from './source.ts';

/**
 * `current`: the image of this cspace is there. `stale`: one is there, but of another version, or the host's
 * certificate authorities changed. `missing`: none is.
 */
export type Freshness = 'current' | 'stale' | 'missing';

export interface FreshnessOptions {
  substrate: Substrate;
  paths: Paths;
  owner: Owner;
  signal: AbortSignal;
  source?: ImageSource;
}

/** How the image on this host stands to this cspace, and the tag that it wants. Builds bundles at most, no image. */
export async function getFreshness(
  options: FreshnessOptions,
): Promise<{ freshness: Freshness; tag: string }> {
  const { substrate, signal, source = selectSource(options) } = options;
  const { tag } = await readContext({ source, signal, onProgress: () => {} });
  if (await substrate.hasImage(tag, signal)) return { freshness: 'current', tag };
  return { freshness: (await substrate.hasImage(LATEST_TAG, signal)) ? 'stale' : 'missing', tag };
}
