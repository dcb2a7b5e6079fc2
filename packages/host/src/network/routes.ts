import { z } from 'zod';
import { formatAddress, getCableName, parseAddress, type Subnet } from './addresses.ts';

const Route = z.object({
  /** `unicast` is left out. */
  type: z.string().optional(),
  /** `default`, an address, or an address with a prefix. */
  dst: z.string(),
  dev: z.string().optional(),
  metric: z.number().optional(),
});
export type Route = z.infer<typeof Route>;

/** `ip -json route show table all`. Throws where it is something else. */
export function parseRoutes(text: string): Route[] {
  return z.array(Route).parse(JSON.parse(text.trim() || '[]'));
}

/** What VPNs split the default route into is still a way to everywhere, not to our subnet. */
const DEFAULT_LIKE_PREFIX = 7;

/**
 * A route of the host's that leads into the subnet by another interface than our bridge and the cables of sandboxes;
 * undefined where there is none. The same goes for an address of the host's own in it (type `local`), by which another
 * home with the same subnet is found.
 */
export function findOverlap(
  routes: readonly Route[],
  { first, size }: Subnet,
  bridge: string,
): Route | undefined {
  return routes.find((route) => {
    if (route.dev === undefined || route.dev === bridge) return false;
    const range = parseRange(route.dst);
    if (!range || range.prefix <= DEFAULT_LIKE_PREFIX) return false;
    if (range.prefix === 32 && route.dev === getCableName(formatAddress(range.first))) return false;
    return range.first < first + size && first < range.first + 2 ** (32 - range.prefix);
  });
}

/** Whether the route is there that keeps stray packets in. */
export function hasGuardRoute(routes: readonly Route[], subnet: string, metric: number): boolean {
  return routes.some(
    (route) => route.type === 'unreachable' && route.dst === subnet && route.metric === metric,
  );
}

function parseRange(dst: string): { first: number; prefix: number } | undefined {
  const [address, prefix] = dst.split('/');
  const first = parseAddress(address ?? '');
  return first === undefined ? undefined : { first, prefix: prefix === undefined ? 32 : Number(prefix) };
}
