import { VERSION } from '@cspace/protocol/version';
import type { Substrate } from '../substrate/substrate.ts';
import type { Owner } from '../system/owner.ts';
import type { Paths } from '../system/paths.ts';
import { ensureBase } from './base.ts';
import { toBuildProblem } from './build-problem.ts';
import { LATEST_TAG } from './content.ts';
import { type ImageContext, readContext } from './context.ts';
import { selectSource } from './select-source.ts';
import type { ImageSource } from './source.ts';
import { getImageCache, withWorkFolder } from './work-folder.ts';
import { writeTree } from './write-tree.ts';

export interface EnsureImageOptions {
  substrate: Substrate;
  paths: Paths;
  /** Whose files the cache's are. */
  owner: Owner;
  signal: AbortSignal;
  /** Build it again, with Debian's packages of today, though nothing changed. */
  force?: boolean;
  onProgress?: (message: string) => void;
  source?: ImageSource;
}

/**
 * The tag of the image for this cspace on this host, which is built first where it does not exist. Nothing but reading
 * a few files and one question to the engine where it does. Throws ProblemError `image-build-failed`, with the last
 * lines of the builder as its why; there is no other image to fall back to.
 */
export async function ensureImage(options: EnsureImageOptions): Promise<{ tag: string; built: boolean }> {
  const { substrate, signal, force = false, onProgress = () => {} } = options;
  const { source = selectSource(options) } = options;
  const context = await readContext({ source, signal, onProgress });
  if (!force && (await substrate.hasImage(context.tag, signal))) return { tag: context.tag, built: false };
  const stale = await substrate.hasImage(LATEST_TAG, signal);
  if (stale && !force) onProgress('the image is older than this cspace (or the host): building it anew');
  else if (!stale) onProgress('there is no image yet: building it, which takes minutes the first time');
  await build({ ...options, force, onProgress }, context);
  return { tag: context.tag, built: true };
}

type BuildOptions = EnsureImageOptions & Required<Pick<EnsureImageOptions, 'force' | 'onProgress'>>;

async function build(options: BuildOptions, context: ImageContext): Promise<void> {
  const { substrate, owner, signal, onProgress } = options;
  const at = { cache: getImageCache(options.paths), owner };
  const lines: string[] = [];
  const onLine = (line: string) => {
    lines.push(line);
    onProgress(line);
  };
  try {
    const base = await ensureBase({
      ...at,
      builder: substrate.builder,
      pins: context.pins,
      signal,
      onProgress,
    });
    await withWorkFolder(at, async (folder) => {
      await writeTree(folder, context.files);
      await substrate.ensureImage({
        tag: context.tag,
        alias: LATEST_TAG,
        folder,
        buildArgs: getBuildArgs(base, context.hash, options.force ? new Date() : undefined),
        onLine,
        signal,
      });
    });
  } catch (error) {
    throw toBuildProblem(error, lines, signal);
  }
}

/** `refreshedAt` makes the builder's cache of everything unusable, as another argument of the first step does. */
export function getBuildArgs(base: string, hash: string, refreshedAt?: Date): Record<string, string> {
  return {
    BASE: base,
    CSPACE_CONTENT: hash,
    CSPACE_VERSION: VERSION,
    ...(refreshedAt === undefined ? {} : { CSPACE_REFRESHED: refreshedAt.toISOString() }),
  };
}
