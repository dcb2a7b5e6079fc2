import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { isReachedBySandboxes } from '../system/resolv-conf.ts';

export interface UpstreamServer {
  address: string;
  port: number;
}

const DNS_PORT = 53;
const KEPT_MS = 1000;

/**
 * The host's name servers, by its resolv.conf(5), where sandboxes reach none of them: they are on loopback, such as
 * 127.0.0.53 of systemd-resolved, or have IPv6 addresses. Others they ask themselves, and there is nothing to ask here.
 */
export function parseHostOnlyServers(resolvConf: string): UpstreamServer[] {
  const addresses = resolvConf
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? '')
    .filter((address) => isIP(address) !== 0);
  return addresses.some(isReachedBySandboxes)
    ? []
    : addresses.map((address) => ({ address, port: DNS_PORT }));
}

/** Those of this moment: the file changes when the host changes networks. Read once a second at most. */
export function watchHostOnlyServers(path = '/etc/resolv.conf'): () => Promise<UpstreamServer[]> {
  let reading: Promise<UpstreamServer[]> | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (reading && performance.now() - readAt < KEPT_MS) return reading;
    readAt = performance.now();
    reading = readFile(path, 'utf8').then(parseHostOnlyServers, () => []);
    return reading;
  };
}
