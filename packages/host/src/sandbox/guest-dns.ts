import { readFile } from 'node:fs/promises';
import { ZONES } from '@cspace/protocol/zones';
import { isReachedBySandboxes } from '../system/resolv-conf.ts';

/** What a sandbox takes over from the host's resolv.conf(5). */
export interface HostResolver {
  /** Name servers that answer a sandbox too; empty where the host has none but its own stub. */
  upstream: string[];
  search: string[];
}

/** glibc's limit for `search` before 2.26; musl cuts at 256 characters. */
const MAX_SEARCH = 6;

/** Reads the host's resolv.conf. Servers that a sandbox does not reach are left out. Pure. */
export function parseHostResolver(text: string): HostResolver {
  const words = text.split('\n').map((line) => line.trim().split(/\s+/));
  const upstream = words.flatMap(([key, server = '']) => (key === 'nameserver' ? [server] : []));
  // The last `search` or `domain` counts.
  const search = words.filter(([key]) => key === 'search' || key === 'domain').at(-1) ?? [];
  return {
    upstream: [...new Set(upstream)].filter(isReachedBySandboxes),
    search: search.slice(1).filter((domain) => domain !== '.'),
  };
}

/** By way of links: on many hosts resolv.conf is one, to a file of systemd-resolved's or NetworkManager's. */
export async function readHostResolver(path = '/etc/resolv.conf'): Promise<HostResolver> {
  return parseHostResolver(await readFile(path, 'utf8').catch(() => ''));
}

/** The name servers by themselves: dnsmasq in the guest reads the file anew when it changes. */
export function getUpstreamConf({ upstream }: HostResolver): string {
  return upstream.map((server) => `nameserver ${server}\n`).join('');
}

/**
 * The guest's resolv.conf: its own dnsmasq, siblings by their bare names first, then the host's domains. Options of the
 * host are not taken over: a large `ndots` would try each full name below the project first.
 */
export function getResolvConf(project: string, { search }: HostResolver): string {
  const domains = [`${project}.${ZONES[0]}`, ...search].slice(0, MAX_SEARCH);
  // dnsmasq answers at once, or is not there: nothing is won by waiting the usual five seconds.
  return `nameserver 127.0.0.1\nsearch ${domains.join(' ')}\noptions timeout:3 attempts:2\n`;
}
