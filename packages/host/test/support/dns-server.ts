import { createDnsService, type DnsServiceOptions } from '../../src/daemon/dns-service.ts';
import type { Audience } from '../../src/daemon/service.ts';
import { createSource, NETWORK, RECORDS, type Source } from '../../src/dns/testing.ts';

export interface DnsServer {
  port: number;
  source: Source;
  close(): Promise<void>;
}

export interface DnsServerOptions {
  source?: Source;
  audience?: Audience;
  address?: string;
  getServers?: DnsServiceOptions['getServers'];
  tcpLimits?: DnsServiceOptions['tcpLimits'];
}

const TRIES = 20;

/** The DNS service of the daemon, on a port that nobody has, by UDP and TCP. The caller closes it. */
export async function startDnsServer(options: DnsServerOptions = {}): Promise<DnsServer> {
  const { source = createSource(RECORDS), audience = 'host', address = '127.0.0.1' } = options;
  const { getServers = async () => [], tcpLimits } = options;
  for (let n = 0; ; n += 1) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const service = createDnsService({
      port,
      registry: source,
      network: NETWORK,
      getServers,
      ...(tcpLimits ? { tcpLimits } : {}),
    });
    try {
      const listener = await service.listen({ address, audience });
      return { port, source, close: () => listener.close() };
    } catch (error) {
      if (n === TRIES) throw error;
    }
  }
}
