import { networkInterfaces } from 'node:os';
import { formatRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import type { Config } from '../config/schema.ts';
import { getGateway } from '../network/addresses.ts';
import type { OwnNetwork } from '../substrate/substrate.ts';
import type { Log } from '../system/log.ts';
import type { HostNetwork } from './host-network.ts';
import { createListeners, type Listeners, type Service } from './service.ts';

export interface OwnNetworkOptions {
  config: Pick<Config, 'subnet'>;
  log: Log;
  /** How often is looked whether the gateways' addresses are there. */
  lookMs?: number;
  hasAddress?: (address: string) => boolean;
}

const LOOPBACK = '127.0.0.1';
const LOOK_MS = 1000;

/**
 * The networks of a host where machines bring theirs along: nothing is made, and nothing taken away. Each is there only
 * while a machine runs on it, and may come back with another address, so the services follow (ADR 39): they listen on the
 * gateways that machines told of, from when one appears until it vanishes.
 */
export function createOwnNetwork(options: OwnNetworkOptions): HostNetwork {
  const { log, lookMs = LOOK_MS, hasAddress = isOnHost } = options;
  const { subnet } = options.config;
  // What is configured stands in until a machine tells.
  const configured = { subnet, gateway: getGateway(subnet) };
  /** By sandbox, the last one last. */
  const members = new Map<string, Pick<OwnNetwork, 'subnet' | 'gateway'>>();
  const open = new Map<string, Listeners>();
  let services: readonly Service[] = [];
  let host: Listeners = createListeners([], { address: LOOPBACK, audience: 'host' });
  let timer: ReturnType<typeof setInterval> | undefined;
  let isTold = false;
  let onMade = async () => {};
  // One after the other: a listener that is closing holds its port.
  let last: Promise<void> = Promise.resolve();

  function change(work: () => Promise<void>): Promise<void> {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  }
  /** Listens where a gateway is, and no more where none is. */
  async function follow() {
    const gateways = new Set([...members.values()].map(({ gateway }) => gateway).filter(hasAddress));
    for (const [gateway, listeners] of open) {
      if (gateways.has(gateway)) continue;
      open.delete(gateway);
      await listeners.close();
    }
    for (const gateway of gateways) {
      const listeners =
        open.get(gateway) ?? createListeners(services, { address: gateway, audience: 'sandboxes' });
      open.set(gateway, listeners);
      await listeners.ensure();
    }
  }
  function watch() {
    timer ??= setInterval(() => {
      change(follow).catch((error) => log.error('gateway', { error: String(error) }));
    }, lookMs);
  }
  async function close() {
    clearInterval(timer);
    timer = undefined;
    members.clear();
    await change(follow);
    await host.close();
  }
  const getNetworks = () => {
    const [first = configured, ...rest] = [...members.values()].reverse();
    return { first, others: rest.filter(({ gateway }) => gateway !== first.gateway) };
  };

  return {
    isOwn: true,
    get gateway() {
      return getNetworks().first.gateway;
    },
    get subnet() {
      return getNetworks().first.subnet;
    },
    get others() {
      return getNetworks().others;
    },
    serve(given) {
      services = given;
      host = createListeners(services, { address: LOOPBACK, audience: 'host' });
    },
    onMade(listener) {
      onMade = listener;
    },
    listenOnLoopback: () => host.ensure(),
    pickAddress: () => undefined,
    async ensure() {
      await host.ensure();
      if (!isTold) await onMade();
      isTold = true;
    },
    close,
    remove: close,
    async attach({ plug, ...member }, signal) {
      if (plug.kind !== 'own') throw new TypeError('a cable on a host without a bridge of ours');
      const { gateway, subnet } = plug.network;
      const key = formatRef(member);
      members.delete(key);
      members.set(key, { gateway, subnet });
      await waitForAddress(gateway, { hasAddress, signal });
      await change(follow);
      watch();
      return undefined;
    },
    async detach(holder) {
      members.delete(formatRef(holder));
      await change(follow);
    },
  };
}

/** The system makes the bridge with the first machine, which says so before this host's list of addresses does. */
const APPEAR_MS = 10_000;
const APPEAR_PAUSE_MS = 50;

async function waitForAddress(
  address: string,
  { hasAddress, signal }: { hasAddress: (address: string) => boolean; signal: AbortSignal },
): Promise<void> {
  const deadline = performance.now() + APPEAR_MS;
  while (!hasAddress(address)) {
    signal.throwIfAborted();
    if (performance.now() > deadline) {
      throw new ProblemError({
        code: 'network-unavailable',
        message: `the gateway ${address} of the sandbox is no address of this host`,
        why: 'the system makes it when a machine runs, and it did not come',
        fix: 'cspace doctor',
      });
    }
    await Bun.sleep(APPEAR_PAUSE_MS);
  }
}

function isOnHost(address: string): boolean {
  return Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === address));
}
