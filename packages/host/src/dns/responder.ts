import { answer } from './answer.ts';
import { encodeAnswer, encodeEmpty, getLimit, truncate } from './encode.ts';
import { parseQuery, type Query, RCODE } from './wire.ts';
import type { Zone } from './zone.ts';

export type Transport = 'udp' | 'tcp';

/**
 * Asks somebody else for a name that is not ours: their answer, `refused` where this client gets none from there, or
 * undefined where none came. Never rejects.
 */
export type Forward = (
  packet: Buffer,
  query: Query,
  transport: Transport,
) => Promise<Buffer | 'refused' | undefined>;

export interface Responder {
  /**
   * The answer to a packet; undefined where it gets none. A promise only where somebody else is asked, which happens
   * only with `forward`. Never throws, never rejects.
   */
  respond(
    packet: Buffer,
    transport: Transport,
    forward?: Forward,
  ): Buffer | undefined | Promise<Buffer | undefined>;
}

/** Some hundred names with two types each, asked for by a few kinds of clients. */
const MAX_CACHED = 4096;
/** Longer questions are nobody's who asks for a name; kept by the thousand they would take what memory there is. */
const MAX_CACHED_BYTES = 512;

/**
 * From packet to packet. Answers by UDP are kept, by all bytes of the packet but its id, until a name changes: a busy
 * client asks the same thing over and over, and making an answer takes five times as long as finding it.
 */
export function createResponder(getZone: () => Zone): Responder {
  const cache = new Map<string, Buffer>();
  let revision = -1;

  function findCached(key: string, zone: Zone): Buffer | undefined {
    if (zone.revision === revision) return cache.get(key);
    cache.clear();
    revision = zone.revision;
    return undefined;
  }

  function keep(key: string, made: Buffer) {
    // All at once and not the oldest: with so many different questions it is no use to anybody.
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(key, made);
  }

  return {
    respond(packet, transport, forward) {
      const zone = getZone();
      if (transport === 'tcp' || packet.length > MAX_CACHED_BYTES)
        return make(packet, { zone, transport, forward }).response;
      const key = packet.toString('latin1', 2);
      const cached = findCached(key, zone);
      if (cached) return withId(cached, packet);
      const { response, isOurs } = make(packet, { zone, transport, forward });
      if (isOurs && response instanceof Buffer) keep(key, Buffer.from(response));
      return response;
    },
  };
}

interface Circumstances {
  zone: Zone;
  transport: Transport;
  forward: Forward | undefined;
}

interface Made {
  response: Buffer | undefined | Promise<Buffer | undefined>;
  /** It follows from the packet and the zone alone. */
  isOurs: boolean;
}

function make(packet: Buffer, { zone, transport, forward }: Circumstances): Made {
  const parsed = parseQuery(packet);
  if (parsed.kind === 'drop') return { response: undefined, isOurs: false };
  if (parsed.kind === 'refused') return { response: encodeEmpty(packet, parsed), isOurs: false };
  const { query } = parsed;
  if (query.edns && query.edns.version !== 0)
    return { response: encodeEmpty(packet, { rcode: RCODE.BADVERS, query }), isOurs: false };
  const limit = getLimit(query, transport);
  const found = answer(query.question, zone);
  if (found)
    return {
      response: truncate(encodeAnswer(packet, query, found, zone.revision), query, limit),
      isOurs: true,
    };
  if (!forward) return { response: encodeEmpty(packet, { rcode: RCODE.REFUSED, query }), isOurs: false };
  const response = forward(packet, query, transport).then((answered) => {
    if (answered instanceof Buffer) return truncate(answered, query, limit);
    return encodeEmpty(packet, { rcode: answered === 'refused' ? RCODE.REFUSED : RCODE.SERVFAIL, query });
  });
  return { response, isOurs: false };
}

/** A copy with the id of this packet: the socket may still hold the last one. */
function withId(cached: Buffer, packet: Buffer): Buffer {
  const response = Buffer.allocUnsafe(cached.length);
  cached.copy(response);
  packet.copy(response, 0, 0, 2);
  return response;
}
