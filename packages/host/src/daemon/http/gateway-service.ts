import { ProblemError } from '@cspace/protocol/problem';
import type { Listener, Service } from '../service.ts';

/** What answers on the gateway's address. */
type GatewayHandler = (request: Request, peer: string | undefined) => Promise<Response>;

/** HTTP for sandboxes, on the gateway. */
export function createHttpService({ port, gateway }: { port: number; gateway: GatewayHandler }): Service {
  return {
    name: 'http',
    async listen({ address, audience }): Promise<Listener> {
      if (audience === 'host') return { close: async () => {} };
      const server = serve({ hostname: address, port, handler: gateway });
      return { close: () => server.stop(true) };
    },
  };
}

function serve({ hostname, port, handler }: { hostname: string; port: number; handler: GatewayHandler }) {
  try {
    return Bun.serve({
      hostname,
      port,
      // A model may think for long between two words.
      idleTimeout: 0,
      fetch: (request, server) => handler(request, server.requestIP(request)?.address),
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new ProblemError({
      code: 'port-taken',
      message: `port ${port} on ${hostname} is taken`,
      why: 'another program listens there; sandboxes reach the daemon on it',
      fix: `see who: ss -ltnp 'sport = :${port}'; or set "ports": {"http": N} in config.json`,
    });
  }
}
