/** Guest ids 0 to 65535 are these on the host; nobody there has them (adduser(8) gives ids from 1000 to 59999). */
export const ID_BASE = 231_072;
export const ID_COUNT = 65_536;
/** `dev` of the image. */
export const DEV_ID = 1000;

/** Ids of the guest, those that stand for them outside, how many. */
export type IdRange = readonly [guest: number, outside: number, count: number];

/**
 * Which ids on a disk are the guest's: the owner's is `dev`'s, and those of the guest's other users are ids that nobody
 * has, so that its root cannot leave a setuid-root file there.
 */
export function getDiskIds(ownerId: number): IdRange[] {
  const after = DEV_ID + 1;
  return [
    [0, ID_BASE, DEV_ID],
    [DEV_ID, ownerId, 1],
    [after, ID_BASE + after, ID_COUNT - after],
  ];
}
