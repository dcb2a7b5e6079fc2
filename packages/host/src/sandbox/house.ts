import type { SandboxRef } from '@cspace/protocol/names';
import type { NetworkMode, SubstrateKind } from '@cspace/protocol/sandbox';
import type { Journal } from '../journal/journal.ts';
import type { Registry } from '../registry/registry.ts';
import type { Cable, Plug, Substrate } from '../substrate/substrate.ts';
import type { KeyedLock } from '../system/keyed-lock.ts';
import type { Log } from '../system/log.ts';
import type { Owner } from '../system/owner.ts';
import type { Paths } from '../system/paths.ts';
import type { TokenStore } from './tokens.ts';

/** An address, and the sandbox that has it. */
export interface AddressHolder extends SandboxRef {
  address: string;
}

/** The host-side half of the sandboxes' network. */
export interface Network {
  /** Whether machines bring theirs along: then gateway and subnet are those of the last one, and there may be others. */
  readonly isOwn: boolean;
  readonly others?: readonly { subnet: string; gateway: string }[];
  /** The daemon's own address on it: where sandboxes find the model, later names and registry. */
  readonly gateway: string;
  /** `192.168.64.0/24`. */
  readonly subnet: string;
  /** Makes it where it is missing, or was taken away. Throws ProblemError. */
  ensure(): Promise<void>;
  /** A free address, `preferred` where it is one; undefined where the subnet is full. */
  pickAddress(taken: ReadonlySet<string>, preferred: string | null): string | undefined;
  /** Gives a machine its address; whoever had it before has it no more. Throws ProblemError. */
  attach(
    machine: AddressHolder & { plug: Plug; network: NetworkMode },
    signal: AbortSignal,
  ): Promise<Cable | undefined>;
  /** Takes the address back. Nothing where another sandbox has it by now. */
  detach(holder: AddressHolder, signal: AbortSignal): Promise<void>;
}

/**
 * The tag of the image to run with that substrate, built first where something of it is missing; calls at the same time
 * share one build.
 */
export interface ImageProvider {
  ensure(options: {
    substrate: SubstrateKind;
    force: boolean;
    signal: AbortSignal;
    onProgress: (message: string) => void;
  }): Promise<{ tag: string; built: boolean }>;
}

/** The ways to run machines on this host. */
export interface Substrates {
  /** Throws `host-unsupported`. */
  get(kind: SubstrateKind): Substrate;
  /** All that there may be machines of. */
  list(): readonly Substrate[];
  /**
   * For a machine that is to be made: `wanted`, or what suits the host best as it is now. Throws `host-unsupported`, and
   * `engine-missing` with all that it lacks.
   */
  pick(wanted: SubstrateKind | undefined, signal: AbortSignal): Promise<SubstrateKind>;
}

/** What every use case works with; made once, by the daemon's composition root. */
export interface House {
  paths: Paths;
  owner: Owner;
  /** Stands on everything we make in an engine. */
  homeLabel: string;
  /** Where the daemon answers on the gateway. */
  ports: { http: number; dns: number };
  /** Of every machine. */
  sysctls: Record<string, string>;
  registry: Registry;
  journal: Journal;
  tokens: TokenStore;
  network: Network;
  image: ImageProvider;
  substrates: Substrates;
  /** Held while a sandbox is made, stopped or removed. */
  locks: KeyedLock;
  log: Log;
  now: () => Date;
}
