import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';

export interface UpstreamServer {
  address: string;
  port: number;
}

const DNS_PORT = 53;
const KEPT_MS = 1000;

/**
 * The host's name servers, by its resolv.conf(5), where all of them are on loopback, such as 127.0.0.53 of
 * systemd-resolved. Sandboxes cannot reach those; others they ask themselves, and then there is nothing to ask here.
 */
export function parseLoopbackServers(resolvConf: string): UpstreamServer[] {
  const addresses = resolvConf
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? '')
    .filter((address) => isIP(address) !== 0);
  const onLoopback = addresses.every((address) => address.startsWith('127.') || address === '::1');
  return onLoopback ? addresses.map((address) => ({ address, port: DNS_PORT })) : [];
}

/** Those of this moment: the file changes when the host changes networks. Read once a second at most. */
export function watchLoopbackServers(path = '/etc/resolv.conf'): () => Promise<UpstreamServer[]> {
  let reading: Promise<UpstreamServer[]> | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (reading && performance.now() - readAt < KEPT_MS) return reading;
    readAt = performance.now();
    reading = readFile(path, 'utf8').then(parseLoopbackServers, () => []);
    return reading;
  };
}
