import { networkInterfaces } from 'node:os';
import type { Config } from '../config/schema.ts';
import { getGateway, pickAddress } from '../network/addresses.ts';
import { attachMachine, detachMachine } from '../network/attach.ts';
import { ensureNetwork, removeNetwork } from '../network/network.ts';
import type { Network } from '../sandbox/house.ts';
import type { Owner } from '../system/owner.ts';
import { createListeners, type Listeners, type Service } from './service.ts';

export interface HostNetwork extends Network {
  /** What answers on loopback and on the gateway; to be set before `ensure`. */
  serve(services: readonly Service[]): void;
  /** Listens on loopback, for the host's own programs. Throws `port-taken`; `ensure` tries again. */
  listenOnLoopback(): Promise<void>;
  /** Listens no more; the network stays, machines use it. */
  close(): Promise<void>;
  /** Takes it all away, the route last. */
  remove(signal: AbortSignal): Promise<void>;
}

const LOOPBACK = '127.0.0.1';
const ENSURE_TIMEOUT_MS = 30_000;

/** The network of this home on a Linux host, and the services on loopback and on its gateway. */
export function createHostNetwork(options: { config: Config; home: string; owner: Owner }): HostNetwork {
  const { config, home, owner } = options;
  const network = { bridge: config.bridge, subnet: config.subnet, home, owner };
  const gateway = getGateway(config.subnet);
  const none = createListeners([], { address: LOOPBACK, audience: 'host' });
  const listeners: Record<'host' | 'sandboxes', Listeners> = { host: none, sandboxes: none };
  let ensuring: Promise<void> | undefined;
  let isMade = false;

  async function ensure() {
    await listeners.host.ensure();
    if (!isMade || !hasAddress(config.bridge, gateway)) {
      // Whoever took the address away took it from under the services.
      await listeners.sandboxes.close();
      await ensureNetwork(network, AbortSignal.timeout(ENSURE_TIMEOUT_MS));
      isMade = true;
    }
    await listeners.sandboxes.ensure();
  }

  async function close() {
    await Promise.all([listeners.host.close(), listeners.sandboxes.close()]);
  }

  return {
    gateway,
    subnet: config.subnet,
    serve(services) {
      listeners.host = createListeners(services, { address: LOOPBACK, audience: 'host' });
      listeners.sandboxes = createListeners(services, { address: gateway, audience: 'sandboxes' });
    },
    listenOnLoopback: () => listeners.host.ensure(),
    pickAddress: (taken, preferred) => pickAddress(config.subnet, taken, preferred ?? undefined),
    // Route, bridge, rules, and the services: once, for all who ask meanwhile. So nobody's signal ends it.
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
