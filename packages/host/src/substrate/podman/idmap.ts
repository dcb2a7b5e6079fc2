import type { Owner } from '../../system/owner.ts';
import { getDiskIds, ID_BASE, ID_COUNT } from '../id-map.ts';

/** What `--uidmap` and `--gidmap` want: guest, host, length. */
export const ID_MAPPING = `0:${ID_BASE}:${ID_COUNT}`;

/**
 * The `idmap` option of a bind mount. crun reads triples of disk id, host id and length, joined by `#` (crun(1), "idmap
 * mount options").
 */
export function getIdmap(owner: Owner): string {
  return `idmap=uids=${getTriples(owner.uid)};gids=${getTriples(owner.gid)}`;
}

function getTriples(ownerId: number): string {
  return getDiskIds(ownerId)
    .map(([guest, disk, count]) => `${disk}-${ID_BASE + guest}-${count}`)
    .join('#');
}
