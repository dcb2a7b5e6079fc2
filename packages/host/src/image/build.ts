import { ProblemError } from '@cspace/protocol/problem';
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
  /** They may have made something of the same image: after a forced build it is made anew. */
  others?: readonly Substrate[];
  paths: Paths;
  /** Whose files the cache's are. */
  owner: Owner;
  signal: AbortSignal;
  /** Build it again, with Debian's packages of today, though nothing changed. */
  force?: boolean;
  onProgress?: (message: string) => void;
  source?: ImageSource;
  /** The tag of an image in the place of cspace's own, which the builder has: for tests. */
  given?: string | undefined;
}

/**
 * The tag of the image for this cspace on this host, which is built first where it does not exist, with what the
 * substrate makes of it. Nothing but reading a few files and one question to the substrate where all of it does. Throws
 * ProblemError `image-build-failed`, with the last lines of the builder as its why; there is no other image to fall back
 * to.
 */
export async function ensureImage(options: EnsureImageOptions): Promise<{ tag: string; built: boolean }> {
  const { substrate, signal, given, force = false, onProgress = () => {} } = options;
  if (given !== undefined) return ensureGiven({ ...options, force, onProgress }, given);
  const { source = selectSource(options) } = options;
  const context = await readContext({ source, signal, onProgress });
  const { tag } = context;
  if (!force && (await substrate.hasImage(tag, signal))) return { tag, built: false };
  if (!force && (await substrate.builder.hasImage(tag, signal))) {
    await make({ ...options, force, onProgress }, tag);
    return { tag, built: true };
  }
  const stale = await substrate.builder.hasImage(LATEST_TAG, signal);
  if (stale && !force) onProgress('the image is older than this cspace (or the host): building it anew');
  else if (!stale) onProgress('there is no image yet: building it, which takes minutes the first time');
  await build({ ...options, force, onProgress }, context);
  if (force) await makeAnew({ ...options, force, onProgress }, tag);
  return { tag, built: true };
}

/** For every other substrate that has made something of the image as it was. */
async function makeAnew(options: BuildOptions, tag: string): Promise<void> {
  const makers = (options.others ?? []).filter(
    ({ builder, ensureImage }) => ensureImage !== builder.ensureImage,
  );
  for (const substrate of makers)
    if (await substrate.hasImage(tag, options.signal)) await make({ ...options, substrate }, tag);
}

type BuildOptions = EnsureImageOptions & Required<Pick<EnsureImageOptions, 'force' | 'onProgress'>>;

async function ensureGiven(options: BuildOptions, tag: string): Promise<{ tag: string; built: boolean }> {
  const { substrate, signal } = options;
  if (await substrate.hasImage(tag, signal)) return { tag, built: false };
  if (!(await substrate.builder.hasImage(tag, signal))) {
    throw new ProblemError({ code: 'image-missing', message: `the image ${tag} is not there` });
  }
  await make(options, tag);
  return { tag, built: true };
}

/** What the substrate needs besides an image that the builder has. */
async function make(options: BuildOptions, tag: string): Promise<void> {
  options.onProgress('the image is there: making of it what machines start from');
  await withLines(options, ({ folder, onLine }) =>
    options.substrate.ensureImage({ tag, folder, buildArgs: {}, onLine, signal: options.signal }),
  );
}

async function build(options: BuildOptions, context: ImageContext): Promise<void> {
  const { substrate, signal, onProgress, owner, force } = options;
  const at = { cache: getImageCache(options.paths), owner };
  await withLines(options, async ({ folder, onLine }) => {
    const base = await ensureBase({
      ...at,
      builder: substrate.builder,
      pins: context.pins,
      signal,
      onProgress,
    });
    await writeTree(folder, context.files);
    await substrate.ensureImage({
      tag: context.tag,
      alias: LATEST_TAG,
      folder,
      buildArgs: getBuildArgs(base, context.hash, force ? new Date() : undefined),
      refresh: force,
      onLine,
      signal,
    });
  });
}

/** Gives an empty folder for a context, and tells the last lines where the work fails. */
async function withLines(
  { paths, owner, signal, onProgress }: BuildOptions,
  work: (at: { folder: string; onLine: (line: string) => void }) => Promise<void>,
): Promise<void> {
  const lines: string[] = [];
  const onLine = (line: string) => {
    lines.push(line);
    onProgress(line);
  };
  try {
    await withWorkFolder({ cache: getImageCache(paths), owner }, (folder) => work({ folder, onLine }));
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
