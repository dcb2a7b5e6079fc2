import { createForwarder } from '../dns/forwarder.ts';
import { createResponder } from '../dns/responder.ts';
import { listenDns } from '../dns/server.ts';
import type { TcpLimits } from '../dns/tcp.ts';
import { type UpstreamServer, watchHostOnlyServers } from '../dns/upstream.ts';
import { watchZone, type ZoneSource } from '../dns/zone.ts';
import type { Service } from './service.ts';

export interface DnsServiceOptions {
  port: number;
  registry: ZoneSource;
  /** Read anew for each answer. */
  network: Parameters<typeof watchZone>[1];
  /** By default what the host's resolv.conf says. */
  getServers?: () => Promise<readonly UpstreamServer[]>;
  tcpLimits?: TcpLimits;
}

/** The names of the sandboxes, the same for all who ask. Names of the world are for sandboxes, and not for all of them. */
export function createDnsService(options: DnsServiceOptions): Service {
  const { port, registry, network, getServers = watchHostOnlyServers() } = options;
  const limits = options.tcpLimits && { tcpLimits: options.tcpLimits };
  const responder = createResponder(watchZone(registry, network));
  const forward = createForwarder({ getServers, mayAsk: (peer) => mayAsk(registry, peer) });
  return {
    name: 'dns',
    listen: ({ address, audience }) =>
      listenDns({ address, port, responder, ...limits, ...(audience === 'sandboxes' ? { forward } : {}) }),
  };
}

/** By its address, which only one sandbox has. One that is being made asks before it counts as running. */
function mayAsk(registry: ZoneSource, peer: string): boolean {
  const record = registry
    .list()
    .find(({ address, state }) => address === peer && (state === 'running' || state === 'starting'));
  return record !== undefined && record.network !== 'none';
}
