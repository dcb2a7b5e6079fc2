import { networkInterfaces } from 'node:os';
import { ProblemError } from '@cspace/protocol/problem';
import type { Config } from '../config/schema.ts';
import { getGateway, pickAddress } from '../network/addresses.ts';
import { attachMachine, detachMachine } from '../network/attach.ts';
import { ensureNetwork, removeNetwork } from '../network/network.ts';
import type { Network } from '../sandbox/house.ts';
import type { Owner } from '../system/owner.ts';

/** What answers on the gateway's address. */
type GatewayHandler = (request: Request, peer: string | undefined) => Promise<Response>;

export interface HostNetwork extends Network {
  /** Who answers what sandboxes ask; to be set before `ensure`. */
  serve(handler: GatewayHandler): void;
  /** Listens no more; the network stays, machines use it. */
  close(): Promise<void>;
  /** Takes it all away, the route last. */
  remove(signal: AbortSignal): Promise<void>;
}

const ENSURE_TIMEOUT_MS = 30_000;

/** The network of this home on a Linux host, and the HTTP server on its gateway. */
export function createHostNetwork(options: { config: Config; home: string; owner: Owner }): HostNetwork {
  const { config, home, owner } = options;
  const network = { bridge: config.bridge, subnet: config.subnet, home, owner };
  const gateway = getGateway(config.subnet);
  let handler: GatewayHandler = async () => new Response(null, { status: 503 });
  let server: ReturnType<typeof Bun.serve> | undefined;

  let ensuring: Promise<void> | undefined;

  async function ensure() {
    if (server && hasAddress(config.bridge, gateway)) return;
    await close();
    await ensureNetwork(network, AbortSignal.timeout(ENSURE_TIMEOUT_MS));
    server = listen({ hostname: gateway, port: config.ports.http, handler: (...args) => handler(...args) });
  }

  async function close() {
    await server?.stop(true);
    server = undefined;
  }

  return {
    gateway,
    serve: (given) => {
      handler = given;
    },
    pickAddress: (taken, preferred) => pickAddress(config.subnet, taken, preferred ?? undefined),
    // Route, bridge, rules, and the server on the gateway: once, for all who ask meanwhile. So nobody's signal ends it.
    ensure() {
      ensuring ??= ensure().finally(() => {
        ensuring = undefined;
      });
      return ensuring;
    },
    close,
    async remove(signal) {
      await close();
      await removeNetwork(network, signal);
    },
    attach: (machine, signal) =>
      attachMachine({ bridge: config.bridge, subnet: config.subnet, ...machine }, signal),
    detach: detachMachine,
  };
}

/** The bridge may have been removed by hand. Asked by netlink: /sys would show another namespace's. */
function hasAddress(bridge: string, address: string): boolean {
  return networkInterfaces()[bridge]?.some((one) => one.address === address) ?? false;
}

function listen({ hostname, port, handler }: { hostname: string; port: number; handler: GatewayHandler }) {
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
