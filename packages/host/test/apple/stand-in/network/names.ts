import { getDigest } from '../digest.ts';

/** Of the bridges' names: the one of `default` is just that, further ones have a number. */
export const BRIDGE = 'cspace-vmnet';

/** A host's end of a machine's link; the kernel takes 15 characters. */
export function getLinkName(hash: string, id: string): string {
  return `vm${getDigest(`${hash} ${id}`)}`;
}

/** Its own for each machine, the same at each start. */
export function getMac(id: string): string {
  return `f2:${(getDigest(id).match(/../g) ?? []).join(':')}`;
}
