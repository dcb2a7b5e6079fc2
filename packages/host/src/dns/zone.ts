import type { SandboxRef } from '@cspace/protocol/names';
import type { SandboxRecord } from '../registry/record.ts';

/** A sandbox as DNS sees it. */
export interface Host {
  ref: SandboxRef;
  /** Only while its machine runs; without one the name exists and has no address. */
  address: string | undefined;
}

/** What the answers are made of: all names of a home at one moment. */
export interface Zone {
  /** Of the registry it was made from. */
  revision: number;
  /** IPv4 networks of the sandboxes, their addresses have names too; the zones' own address is the first gateway. */
  networks: readonly { subnet: string; gateway: string }[];
  /** By `<sandbox>.<project>`. */
  full: ReadonlyMap<string, Host>;
  /** By the name of the sandbox alone; `ambiguous` where several projects have one of that name. */
  short: ReadonlyMap<string, Host | 'ambiguous'>;
  projects: ReadonlySet<string>;
  /** Those that run. */
  byAddress: ReadonlyMap<string, Host>;
}

/** The part of the registry that DNS reads. */
export interface ZoneSource {
  readonly revision: number;
  list(): readonly SandboxRecord[];
  listBroken(): readonly { ref: SandboxRef }[];
}

/** May be another one each time: some sandboxes' network is not ours. */
interface ZoneNetwork {
  readonly subnet: string;
  readonly gateway: string;
  /** Of other projects, where each has its own. */
  readonly others?: readonly { subnet: string; gateway: string }[];
}

/** A zone's names are those of all records, running or not, and of those that cannot be read: they are taken. */
export function buildZone(source: ZoneSource, network: ZoneNetwork): Zone {
  const full = new Map<string, Host>();
  const add = (ref: SandboxRef, address: string | undefined) =>
    full.set(`${ref.sandbox}.${ref.project}`, { ref, address });
  for (const { ref } of source.listBroken()) add(ref, undefined);
  // One that is being made in place of a broken one is in both for a moment.
  for (const record of source.list()) add(record, getAddress(record));
  const short = new Map<string, Host | 'ambiguous'>();
  const byAddress = new Map<string, Host>();
  const projects = new Set<string>();
  for (const host of full.values()) {
    projects.add(host.ref.project);
    short.set(host.ref.sandbox, short.has(host.ref.sandbox) ? 'ambiguous' : host);
    if (host.address !== undefined) byAddress.set(host.address, host);
  }
  const { subnet, gateway, others = [] } = network;
  const networks = [{ subnet, gateway }, ...others];
  return { networks, revision: source.revision, full, short, projects, byAddress };
}

function getAddress(record: SandboxRecord): string | undefined {
  return record.state === 'running' && record.address !== null ? record.address : undefined;
}

/**
 * The zone as the registry has it now, made anew only where the registry changed since the last call: a thousand
 * records are a third of a millisecond.
 */
export function watchZone(source: ZoneSource, network: ZoneNetwork): () => Zone {
  let zone = buildZone(source, network);
  return () => {
    const isStale = zone.revision !== source.revision || zone.networks[0]?.gateway !== network.gateway;
    if (isStale) zone = buildZone(source, network);
    return zone;
  };
}
