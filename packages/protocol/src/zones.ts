import type { SandboxRef } from './names.ts';

/**
 * The zones that the daemon is the authority of. The first is the one that is printed; the second is its alias, because
 * RFC 6762 gives `.local` to multicast DNS, and some resolvers treat it so.
 */
export const ZONES = ['cspace2.local', 'cspace.test'] as const;

/** `mercury.shop.cspace2.local`: the name of a sandbox, from the host and from every sandbox alike. */
export function getDomainName(ref: SandboxRef): string {
  return `${ref.sandbox}.${ref.project}.${ZONES[0]}`;
}
