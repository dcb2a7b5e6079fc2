import { createHash } from 'node:crypto';

/** The first is `default`'s; further networks have the next ones. */
export const BRIDGES = ['cspace-vmnet', 'cspace-vmnet1', 'cspace-vmnet2', 'cspace-vmnet3'] as const;

/** A host's end of a machine's link; the kernel takes 15 characters. */
export function getLinkName(hash: string, id: string): string {
  return `vm${createHash('sha256').update(`${hash} ${id}`).digest('hex').slice(0, 10)}`;
}

/** Its own for each machine, the same at each start. */
export function getMac(id: string): string {
  const digits = createHash('sha256').update(id).digest('hex').slice(0, 10);
  return `f2:${(digits.match(/../g) ?? []).join(':')}`;
}
