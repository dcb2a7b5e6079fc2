import { z } from 'zod';
import { getHomeLabel } from '../substrate/labels.ts';

const Link = z.object({
  ifname: z.string(),
  address: z.string().optional(),
  ifalias: z.string().optional(),
  master: z.string().optional(),
  linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
});
export type Link = z.infer<typeof Link>;

/** `ip -json -details link show`. Throws where it is something else. */
export function parseLinks(text: string): Link[] {
  return z.array(Link).parse(JSON.parse(text.trim() || '[]'));
}

/** Kept on the bridge itself, so that it lives exactly as long. */
export interface Holder {
  homeLabel: string;
  uid: number;
  /** Of the home; for people, it may be cut. */
  path: string;
}

const PREFIX = 'cspace home=';
/** The kernel takes 255 bytes (IFALIASZ). */
const MAX_PATH = 180;

/** The note on a bridge of ours: whose it is. `realHome` is the home's real path. */
export function getAlias(realHome: string, uid: number): string {
  const path = realHome.replace(/[^\x21-\x7e]/g, '?').slice(0, MAX_PATH);
  return `${PREFIX}${getHomeLabel(realHome)} uid=${uid} ${path}`;
}

/** Who holds a bridge by the note on it; undefined where it is none of ours. */
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
 * Whose the interface with the bridge's name is. A bridge without a note that has our hardware address was left by a
 * daemon that died between making it and writing the note: it counts as ours.
 */
export function getOwnership(link: Link | undefined, homeLabel: string, mac: string): Ownership {
  if (!link) return { kind: 'none' };
  const holder = parseAlias(link.ifalias);
  if (holder) return holder.homeLabel === homeLabel ? { kind: 'ours' } : { kind: 'other-home', holder };
  const isBridge = link.linkinfo?.info_kind === 'bridge';
  const halfMade = isBridge && link.ifalias === undefined && link.address === mac;
  return halfMade ? { kind: 'ours' } : { kind: 'foreign' };
}
