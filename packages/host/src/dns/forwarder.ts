import { askUpstream } from './ask-upstream.ts';
import type { Forward } from './responder.ts';
import type { UpstreamServer } from './upstream.ts';

export interface ForwarderOptions {
  /** Whom to ask, in order; nobody where none. */
  getServers(): Promise<readonly UpstreamServer[]>;
  /** Whether a client is one that may ask for names of the world. */
  mayAsk(peer: string): boolean;
  tries?: { timeoutMs: number; count: number };
}

/** A resolver of libc waits 5 s in all by default; the first server may be away. */
const TRIES = { timeoutMs: 2000, count: 2 };
/** Questions under way: each is a socket. */
const MAX_OPEN = 256;
const MAX_OPEN_OF_PEER = 64;

/** Passes questions about other names on, for sandboxes where the host has its name servers on loopback only. */
export function createForwarder(options: ForwarderOptions): (peer: string) => Forward {
  const { timeoutMs, count } = options.tries ?? TRIES;
  const open = new Map<string, number>();
  let openInAll = 0;

  function change(peer: string, by: 1 | -1) {
    openInAll += by;
    const now = (open.get(peer) ?? 0) + by;
    if (now === 0) open.delete(peer);
    else open.set(peer, now);
  }

  const isFull = (peer: string) => openInAll >= MAX_OPEN || (open.get(peer) ?? 0) >= MAX_OPEN_OF_PEER;

  return (peer) => async (packet, query, transport) => {
    if (!options.mayAsk(peer)) return 'refused';
    if (isFull(peer)) return undefined;
    change(peer, 1);
    try {
      const servers = await options.getServers();
      if (servers.length === 0) return 'refused';
      for (let n = 0; n < count; n += 1) {
        for (const server of servers) {
          const signal = AbortSignal.timeout(timeoutMs);
          const response = await askUpstream({ packet, query, server, transport, signal });
          if (response) return response;
        }
      }
      return undefined;
    } finally {
      change(peer, -1);
    }
  };
}
