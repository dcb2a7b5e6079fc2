import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { getTemplatesFolder, type Kept, listTemplates, PARTIAL, removeTemplate } from './store.ts';

/** For machines of a few sizes, and an image before the last. */
const MOST = 4;
const MOST_BYTES = 2 * 1024 ** 3;

/** Those that nobody will ask for: not whole, of an image that is gone, or used longest ago where they are too many. */
export function pickOld(kept: readonly (Kept & { isOfUse: boolean })[]): Kept[] {
  const good = kept.filter(({ isOfUse }) => isOfUse).sort((a, b) => b.usedAt - a.usedAt);
  let bytes = 0;
  const tooMany = good.filter((each, index) => {
    bytes += each.bytes;
    return index >= MOST || bytes > MOST_BYTES;
  });
  return [...kept.filter(({ isOfUse }) => !isOfUse), ...tooMany];
}

/** The caller holds the lock of the templates: what is in the making was left by one that was killed. */
export async function pruneTemplates(
  store: string,
  isThere: (kit: string, root: string) => Promise<boolean>,
): Promise<void> {
  const folder = getTemplatesFolder(store);
  const left = (await readdir(folder)).filter((name) => name.startsWith(PARTIAL));
  for (const name of left) await rm(join(folder, name), { recursive: true, force: true });
  const kept = await Promise.all(
    (await listTemplates(store)).map(async (each) => {
      const isOfUse = each.file !== undefined && (await isThere(each.file.kit, each.file.root));
      return { ...each, isOfUse };
    }),
  );
  for (const old of pickOld(kept)) await removeTemplate(old);
}
