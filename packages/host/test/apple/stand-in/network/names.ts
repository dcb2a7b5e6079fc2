import { createHash } from 'node:crypto';

/** Of the bridges' names: the one of `default` is just that, further ones have a number. */
export const BRIDGE = 'cspace-vmnet';

/** A host's end of a machine's link; the kernel takes 15 characters. */
export function getLinkName(hash: string, id: string): string {
  return `vm${createHash('sha256').update(`${hash} ${id}`).digest('hex').slice(0, 10)}`;
}

/** Its own for each machine, the same at each start. */
export function getMac(id: string): string {
  const digits = createHash('sha256').update(id).digest('hex').slice(0, 10);
  return `f2:${(digits.match(/../g) ?? []).join(':')}`;
}
