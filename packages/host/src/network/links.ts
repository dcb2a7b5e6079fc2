import { z } from 'zod';
import { getHomeLabel } from '../substrate/labels.ts';

const Link = z.object({
  ifname: z.string(),
  address: z.string().optional(),
  ifalias: z.string().optional(),
  /** A number, or the name that the host gives it. */
  group: z.string().optional(),
  linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
});
export type Link = z.infer<typeof Link>;

/** `ip -json -details link show`. Throws where it is something else. */
export function parseLinks(text: string): Link[] {
  return z.array(Link).parse(JSON.parse(text.trim() || '[]'));
}

/** Kept on the interface itself, so that it lives exactly as long. */
export interface Holder {
  homeLabel: string;
  uid: number;
  /** Of the home; for people, it may be cut. */
  path: string;
}

const PREFIX = 'cspace home=';
/** The kernel takes 255 bytes (IFALIASZ). */
const MAX_PATH = 180;

/** The note on an interface of ours: whose it is. `realHome` is the home's real path. */
export function getAlias(realHome: string, uid: number): string {
  const path = realHome.replace(/[^\x21-\x7e]/g, '?').slice(0, MAX_PATH);
  return `${PREFIX}${getHomeLabel(realHome)} uid=${uid} ${path}`;
}

/** Who holds an interface by the note on it; undefined where it is none of ours. */
export function parseAlias(alias: string | undefined): Holder | undefined {
  const found = /^cspace home=([0-9a-f]{12}) uid=(\d+) (.*)$/.exec(alias ?? '');
  return found ? { homeLabel: found[1] ?? '', uid: Number(found[2]), path: found[3] ?? '' } : undefined;
}

export type Ownership =
  | { kind: 'none' }
  | { kind: 'ours' }
  | { kind: 'other-home'; holder: Holder }
  | { kind: 'foreign' };

/**
 * Whose the interface with the bridge's name is. One without a note that has our hardware address was left by a daemon
 * that died between making it and writing the note: it counts as ours.
 */
export function getOwnership(link: Link | undefined, homeLabel: string, mac: string): Ownership {
  if (!link) return { kind: 'none' };
  const holder = parseAlias(link.ifalias);
  if (holder) return holder.homeLabel === homeLabel ? { kind: 'ours' } : { kind: 'other-home', holder };
  const isVeth = link.linkinfo?.info_kind === 'veth';
  const halfMade = isVeth && link.ifalias === undefined && link.address === mac;
  return halfMade ? { kind: 'ours' } : { kind: 'foreign' };
}

/** The note on a cable; short and without blanks, as it is written in a batch. */
export function getCableAlias(homeLabel: string): string {
  return `cspace:${homeLabel}`;
}

/** The cables of a home among the links, by their note; one without a note but in the group is half made, and ours too. */
export function getCables(
  links: readonly Link[],
  { group, homeLabel }: { group: number; homeLabel: string },
): string[] {
  const isOurs = ({ ifalias, group: found }: Link) =>
    ifalias === undefined ? found === String(group) : ifalias === getCableAlias(homeLabel);
  return links
    .filter((link) => /^cs[0-9a-f]{8}$/.test(link.ifname) && isOurs(link))
    .map(({ ifname }) => ifname);
}
