import { decode } from 'dns-packet';

/** Numbers of the protocol (IANA, DNS parameters). Types that are not here are just types that no name has. */
export const TYPE = {
  A: 1,
  NS: 2,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  AAAA: 28,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;
export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  /** Larger than the header holds: its upper bits are in the OPT record (RFC 6891). */
  BADVERS: 16,
} as const;
export type Rcode = (typeof RCODE)[keyof typeof RCODE];
export const CLASS_IN = 1;

export const HEADER_BYTES = 12;
/** In the second word of the header. */
export const FLAG = { QR: 0x8000, AA: 0x0400, TC: 0x0200, RD: 0x0100 } as const;
const OPCODE_MASK = 0x7800;

export interface Question {
  /** In lower case, since names have no case; without the root. */
  labels: readonly string[];
  type: number;
  class: number;
}

export interface Edns {
  udpSize: number;
  version: number;
  /** The bit DO. It is copied to the answer (RFC 3225), which has no signatures all the same. */
  dnssecOk: boolean;
}

export interface Query {
  question: Question;
  /** Where the bytes of the question end; they begin after the header, and are sent back as they came. */
  questionEnd: number;
  edns: Edns | undefined;
}

/** `drop`: no answer at all, since what was sent is one itself, or too short to be answered. */
export type Parsed = { kind: 'query'; query: Query } | { kind: 'refused'; rcode: Rcode } | { kind: 'drop' };

/** At most: others than OPT mean nothing to us, and nobody sends more than a signature besides. */
const MAX_ADDITIONALS = 4;

/**
 * A packet of a client. Never throws. The question is read here and not by dns-packet, which holds a name as one text:
 * the bytes of a label with a dot or a byte above 127 in it would not come back as they were.
 */
export function parseQuery(packet: Buffer): Parsed {
  if (packet.length < HEADER_BYTES) return { kind: 'drop' };
  const flags = packet.readUInt16BE(2);
  if (flags & FLAG.QR) return { kind: 'drop' };
  if (flags & OPCODE_MASK) return { kind: 'refused', rcode: RCODE.NOTIMP };
  const counts = [4, 6, 8].map((offset) => packet.readUInt16BE(offset));
  const additionals = packet.readUInt16BE(10);
  const name = parseName(packet, HEADER_BYTES);
  if (counts.join() !== '1,0,0' || additionals > MAX_ADDITIONALS || !name || packet.length < name.end + 4)
    return { kind: 'refused', rcode: RCODE.FORMERR };
  const questionEnd = name.end + 4;
  const question = {
    labels: name.labels,
    type: packet.readUInt16BE(name.end),
    class: packet.readUInt16BE(name.end + 2),
  };
  const edns = parseEdns(packet, questionEnd, additionals);
  if (edns === 'malformed') return { kind: 'refused', rcode: RCODE.FORMERR };
  return { kind: 'query', query: { question, questionEnd, edns } };
}

const MAX_LABEL_BYTES = 63;
const MAX_NAME_BYTES = 255;

/** Undefined where it is cut off or too long, or has a pointer: before a question nothing stands to point to. */
function parseName(packet: Buffer, start: number): { labels: string[]; end: number } | undefined {
  const labels: string[] = [];
  let offset = start;
  while (offset < packet.length && offset - start < MAX_NAME_BYTES) {
    const length = packet[offset] ?? 0;
    offset += 1;
    if (length === 0) return { labels, end: offset };
    if (length > MAX_LABEL_BYTES || offset + length > packet.length) return undefined;
    // Bytes one to one, so that lower case changes letters of ASCII into such, and nothing else into them.
    labels.push(packet.toString('latin1', offset, offset + length).toLowerCase());
    offset += length;
  }
  return undefined;
}

/** What is after the question: undefined where there is no OPT record; two of them, or bytes too many, are a mistake. */
function parseEdns(packet: Buffer, questionEnd: number, count: number): Edns | undefined | 'malformed' {
  if (count === 0) return packet.length === questionEnd ? undefined : 'malformed';
  try {
    const { additionals = [] } = decode(packet);
    if (decode.bytes !== packet.length) return 'malformed';
    const options = additionals.flatMap((record) => (record.type === 'OPT' ? [record] : []));
    const [opt] = options;
    if (!opt) return undefined;
    if (options.length > 1 || opt.name !== '.') return 'malformed';
    return {
      udpSize: opt.udpPayloadSize,
      version: opt.ednsVersion,
      dnssecOk: opt.flag_do,
    };
  } catch {
    return 'malformed';
  }
}
