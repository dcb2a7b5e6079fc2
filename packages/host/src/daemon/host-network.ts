import { networkInterfaces } from 'node:os';
import { formatRef } from '@cspace/protocol/names';
import type { Config } from '../config/schema.ts';
import { getGateway, pickAddress } from '../network/addresses.ts';
import { attachMachine, detachMachine } from '../network/attach.ts';
import { ensureNetwork, getCablesConfig, removeNetwork, writeRules } from '../network/network.ts';
import type { Member } from '../network/rules.ts';
import type { SandboxRecord } from '../registry/record.ts';
import type { Network } from '../sandbox/house.ts';
import { createKeyedLock } from '../system/keyed-lock.ts';
import type { Owner } from '../system/owner.ts';
import { createListeners, type Listeners, type Service } from './service.ts';

export interface HostNetwork extends Network {
  /** What answers on loopback and on the gateway; to be set before `ensure`. */
  serve(services: readonly Service[]): void;
  /** Called whenever `ensure` has made the network, or made it again. Must not throw. */
  onMade(listener: () => Promise<void>): void;
  /** Listens on loopback, for the host's own programs. Throws `port-taken`; `ensure` tries again. */
  listenOnLoopback(): Promise<void>;
  /** Listens no more; the network stays, machines use it. */
  close(): Promise<void>;
  /** Takes it all away, the route last. */
  remove(signal: AbortSignal): Promise<void>;
}

export interface HostNetworkOptions {
  config: Config;
  home: string;
  owner: Owner;
  /** Sandboxes that a former daemon left with an address. */
  members: readonly Member[];
}

const LOOPBACK = '127.0.0.1';
const ENSURE_TIMEOUT_MS = 30_000;

/** The network of this home on a Linux host, and the services on loopback and on its gateway. */
export function createHostNetwork({ config, home, owner, ...options }: HostNetworkOptions): HostNetwork {
  const network = { bridge: config.bridge, subnet: config.subnet, ports: config.ports, home, owner };
  const gateway = getGateway(config.subnet);
  const none = createListeners([], { address: LOOPBACK, audience: 'host' });
  const listeners: Record<'host' | 'sandboxes', Listeners> = { host: none, sandboxes: none };
  const members = new Map(options.members.map((member) => [member.address, member]));
  let ensuring: Promise<void> | undefined;
  let isMade = false;
  let isUntold = false;
  let onMade = async () => {};

  // One change of links and rules at a time: the rules are written whole, from the members of that moment.
  const lock = createKeyedLock();
  async function change<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const release = await lock.acquire('network', signal);
    try {
      return await work();
    } finally {
      release();
    }
  }
  const writeMembers = (signal: AbortSignal) => writeRules(network, [...members.values()], signal);

  async function ensure() {
    // Whoever took the address away took it from under the services.
    const isNew = !isMade || !hasAddress(config.bridge, gateway);
    isUntold ||= isNew;
    if (isNew) await listeners.sandboxes.close();
    const signal = AbortSignal.timeout(ENSURE_TIMEOUT_MS);
    await change(signal, () => ensureNetwork(network, [...members.values()], signal));
    isMade = true;
    // After the network, since a home that wants ours is told best by who holds the bridge.
    await listeners.host.ensure();
    await listeners.sandboxes.ensure();
    // Also where the last call made it and could not listen.
    if (isUntold) await onMade();
    isUntold = false;
  }

  async function close() {
    await Promise.all([listeners.host.close(), listeners.sandboxes.close()]);
  }

  return {
    isOwn: false,
    gateway,
    subnet: config.subnet,
    serve(services) {
      listeners.host = createListeners(services, { address: LOOPBACK, audience: 'host' });
      listeners.sandboxes = createListeners(services, { address: gateway, audience: 'sandboxes' });
    },
    onMade(listener) {
      onMade = listener;
    },
    listenOnLoopback: () => listeners.host.ensure(),
    pickAddress: (taken, preferred) => pickAddress(config.subnet, taken, preferred ?? undefined),
    // Routes, links, rules, and the services: once, for all who ask meanwhile. So nobody's signal ends it.
    ensure() {
      ensuring ??= ensure().finally(() => {
        ensuring = undefined;
      });
      return ensuring;
    },
    close,
    async remove(signal) {
      await close();
      await change(signal, () => removeNetwork(network, signal));
    },
    attach: ({ plug, ...member }, signal) =>
      change(signal, async () => {
        if (plug.kind === 'own') throw new TypeError('a machine with a network of its own on our bridge');
        members.set(member.address, member);
        // The rules before the cable: until they know the address, nothing from it is let through.
        await writeMembers(signal);
        return attachMachine({ ...(await getCablesConfig(network)), plug, address: member.address }, signal);
      }),
    detach: (holder, signal) =>
      change(signal, async () => {
        const member = members.get(holder.address);
        // A stopped sandbox remembers its address, which may be another one's by now.
        if (member && formatRef(member) !== formatRef(holder)) return;
        await detachMachine({ ...(await getCablesConfig(network)), address: holder.address }, signal);
        if (members.delete(holder.address) && isMade) await writeMembers(signal);
      }),
  };
}

/** The sandboxes that have an address, as the registry knows them. */
export function getMembers(records: readonly SandboxRecord[]): Member[] {
  return records.flatMap(({ state, address, project, sandbox, network }) => {
    const holds = state !== 'stopped' && state !== 'exited';
    return holds && address !== null ? [{ address, project, sandbox, network }] : [];
  });
}

/** Somebody may have removed the interface by hand. Asked by netlink: /sys would show another namespace's. */
function hasAddress(bridge: string, address: string): boolean {
  return networkInterfaces()[bridge]?.some((one) => one.address === address) ?? false;
}
