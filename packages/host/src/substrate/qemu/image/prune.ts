import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Descriptor, PREFIXES, readJson } from './store.ts';

/** Two homes with different versions of cspace take turns without making each other's anew. */
const KEPT_PER_REPOSITORY = 3;

export interface KeptDescriptor {
  file: string;
  /** Milliseconds since 1970. */
  writtenAt: number;
  descriptor: Descriptor;
}

/**
 * Removes descriptors of images that the builder has no more or that are older than the latest few of their repository,
 * then everything that no descriptor names. The caller holds the store's lock. Machines that run have their files open
 * and keep them; names that are not ours are left alone.
 */
export async function prune(
  store: string,
  { tag, hasImage }: { tag: string; hasImage: (tag: string) => Promise<boolean> },
): Promise<void> {
  const names = await readdir(store);
  const kept: KeptDescriptor[] = [];
  for (const name of names.filter((each) => each.startsWith(PREFIXES.image))) {
    const file = join(store, name);
    const descriptor = await readJson(file, Descriptor);
    const keep = descriptor !== undefined && (descriptor.tag === tag || (await hasImage(descriptor.tag)));
    if (keep) kept.push({ file, writtenAt: (await stat(file)).mtimeMs, descriptor });
    else await rm(file, { force: true });
  }
  const old = pickOld(kept, tag);
  for (const { file } of old) await rm(file, { force: true });
  const used = new Set(
    kept.filter((each) => !old.includes(each)).flatMap(({ descriptor }) => getNames(descriptor)),
  );
  for (const name of names.filter((each) => isArtifact(each) && !used.has(each))) {
    await rm(join(store, name), { recursive: true, force: true });
  }
}

/** All but the latest of each repository; never the one of `tag`. */
export function pickOld(kept: readonly KeptDescriptor[], tag: string): KeptDescriptor[] {
  const byRepository = Map.groupBy(kept, ({ descriptor }) => descriptor.tag.replace(/:[^:/]*$/, ''));
  return [...byRepository.values()].flatMap((group) =>
    group
      .sort(
        (a, b) =>
          Number(b.descriptor.tag === tag) - Number(a.descriptor.tag === tag) || b.writtenAt - a.writtenAt,
      )
      .slice(KEPT_PER_REPOSITORY),
  );
}

const getNames = ({ kit, root, disk }: Descriptor): string[] => [
  `${PREFIXES.kit}${kit}`,
  `${PREFIXES.root}${root}.erofs`,
  disk,
];

const isArtifact = (name: string): boolean =>
  /^(kit-[0-9a-f]{12}|root-[0-9a-f]{12}\.erofs|empty-[0-9a-f]{12}\.ext4)$/.test(name);
