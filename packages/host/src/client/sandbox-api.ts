import type { ListResponse } from '@cspace/protocol/daemon-api';
import type { SandboxEvent } from '@cspace/protocol/event';
import type { SandboxRef } from '@cspace/protocol/names';
import type { SandboxStatus } from '@cspace/protocol/sandbox';
import type { SendRequest, SendResponse } from '@cspace/protocol/supervisor-api';

/** What can be asked of a daemon from the host and from inside a sandbox alike. Every call throws ProblemError. */
export interface SandboxApi {
  list(): Promise<ListResponse>;
  get(ref: SandboxRef): Promise<SandboxStatus>;
  send(ref: SandboxRef, body: SendRequest): Promise<SendResponse>;
  events(ref: SandboxRef): SessionEvents;
}

/** The events of one sandbox, from wherever they can be read here. */
export interface SessionEvents {
  /** From the first one. */
  read(options: { follow: boolean; signal: AbortSignal }): AsyncIterable<SandboxEvent>;
  /** Notes where they end now; what it returns goes on from there. */
  tail(): Promise<(signal: AbortSignal) => AsyncIterable<SandboxEvent>>;
}

/** The path of a sandbox's routes; names need no escaping, by their pattern. */
export function getPath(ref: SandboxRef): string {
  return `/sandboxes/${ref.project}/${ref.sandbox}`;
}
