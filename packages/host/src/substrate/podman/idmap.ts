import type { Owner } from '../../system/owner.ts';

/** Guest ids 0 to 65535 are these on the host; nobody there has them (adduser(8) gives ids from 1000 to 59999). */
export const ID_BASE = 231_072;
export const ID_COUNT = 65_536;
/** `dev` of the image. */
export const DEV_ID = 1000;

/** What `--uidmap` and `--gidmap` want: guest, host, length. */
export const ID_MAPPING = `0:${ID_BASE}:${ID_COUNT}`;

/**
 * The `idmap` option of a bind mount: files that are `owner`'s on the disk are `dev`'s in the guest, and those of the
 * guest's other users get ids on the disk that nobody has, so that its root cannot leave a setuid-root file there.
 * crun reads triples of disk id, host id and length, joined by `#` (crun(1), "idmap mount options").
 */
export function getIdmap(owner: Owner): string {
  return `idmap=uids=${getTriples(owner.uid)};gids=${getTriples(owner.gid)}`;
}

function getTriples(ownerId: number): string {
  const dev = ID_BASE + DEV_ID;
  const after = DEV_ID + 1;
  return [
    `${ID_BASE}-${ID_BASE}-${DEV_ID}`,
    `${ownerId}-${dev}-1`,
    `${ID_BASE + after}-${ID_BASE + after}-${ID_COUNT - after}`,
  ].join('#');
}
