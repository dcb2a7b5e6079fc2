import { ZONES } from '@cspace/protocol/zones';
import { type Answer as DnsAnswer, encode as encodePacket } from 'dns-packet';
import type { Answer, RecordData } from './answer.ts';
import { FLAG, HEADER_BYTES, type Query, type Rcode } from './wire.ts';

/** A name may be another's a second later. */
const TTL_SECONDS = 1;
/** Also the last word of the SOA record: how long it may be remembered that a name, or a type of it, is not there. */
const NEGATIVE_TTL_SECONDS = 2;
/** What we take by UDP, and the most that we send: fits every path (DNS flag day 2020). */
const UDP_BYTES = 1232;
/** What a client takes that does not say (RFC 1035, 4.2.1). */
const PLAIN_UDP_BYTES = 512;
/** Of the header's second word: opcode and the bit RD are the client's. */
const KEPT_FLAGS = 0x7900;
/** A pointer to the question's name, for every record that is about it: so it comes back as it was written, too. */
const TO_QUESTION = Buffer.of(0xc0, HEADER_BYTES);

/** By TCP everything fits; by UDP what the client says, within bounds. */
export function getLimit(query: Query, transport: 'udp' | 'tcp'): number {
  if (transport === 'tcp') return 65_535;
  return Math.min(Math.max(query.edns?.udpSize ?? 0, PLAIN_UDP_BYTES), UDP_BYTES);
}

/** The answer to `packet`, which is what `query` was read from. */
export function encodeAnswer(packet: Buffer, query: Query, answer: Answer, serial: number): Buffer {
  const { rcode } = answer;
  if (!('apex' in answer)) return encodeEmpty(packet, { rcode, query });
  const records = answer.records.map((data) => Buffer.concat([TO_QUESTION, getBody(data, serial)]));
  const authorities =
    records.length > 0 ? [] : [encodeRecord({ name: answer.apex, ...getSoa(serial, NEGATIVE_TTL_SECONDS) })];
  return assemble(packet, { rcode, flags: FLAG.AA, query, records, authorities });
}

/** An answer that is its code, with the question where there is one that could be read. */
export function encodeEmpty(packet: Buffer, { rcode, query }: { rcode: Rcode; query?: Query }): Buffer {
  return assemble(packet, { rcode, flags: 0, query, records: [], authorities: [] });
}

/** What is left of an answer that is larger than `limit`: the client asks again by TCP. */
export function truncate(answer: Buffer, query: Query, limit: number): Buffer {
  if (answer.length <= limit) return answer;
  const rcode = answer.readUInt16BE(2) & 0xf;
  const cut = assemble(answer, { rcode, flags: FLAG.TC, query, records: [], authorities: [] });
  // Who answered, and what it can do, stays said.
  cut.writeUInt16BE(answer.readUInt16BE(2) | FLAG.TC, 2);
  return cut;
}

interface Parts {
  rcode: number;
  flags: number;
  query: Query | undefined;
  records: readonly Buffer[];
  authorities: readonly Buffer[];
}

function assemble(packet: Buffer, { rcode, flags, query, records, authorities }: Parts): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  packet.copy(header, 0, 0, 2);
  header.writeUInt16BE(FLAG.QR | flags | (packet.readUInt16BE(2) & KEPT_FLAGS) | (rcode & 0xf), 2);
  header.writeUInt16BE(query ? 1 : 0, 4);
  header.writeUInt16BE(records.length, 6);
  header.writeUInt16BE(authorities.length, 8);
  header.writeUInt16BE(query?.edns ? 1 : 0, 10);
  const question = query ? packet.subarray(HEADER_BYTES, query.questionEnd) : Buffer.alloc(0);
  const opt = query?.edns ? encodeOpt(rcode >> 4, query.edns.dnssecOk) : Buffer.alloc(0);
  return Buffer.concat([header, question, ...records, ...authorities, opt]);
}

function encodeOpt(extendedRcode: number, dnssecOk: boolean): Buffer {
  return encodeRecord({
    type: 'OPT',
    name: '.',
    udpPayloadSize: UDP_BYTES,
    extendedRcode,
    ednsVersion: 0,
    flags: dnssecOk ? 0x8000 : 0,
    flag_do: dnssecOk,
    options: [],
  });
}

/** One record as bytes. dns-packet encodes whole packets only: it is one with nothing but this. */
function encodeRecord(record: DnsAnswer): Buffer {
  return encodePacket({ answers: [record] }).subarray(HEADER_BYTES);
}

/** A record without its owner's name. */
function getBody(record: RecordData, serial: number): Buffer {
  return encodeRecord({ name: '.', ...getDnsAnswer(record, serial) }).subarray(1);
}

function getDnsAnswer(record: RecordData, serial: number) {
  if (record.type === 'SOA') return getSoa(serial, TTL_SECONDS);
  if (record.type === 'HINFO')
    return { type: record.type, ttl: TTL_SECONDS, data: { cpu: 'RFC8482', os: '' } };
  return { type: record.type, ttl: TTL_SECONDS, data: record.data };
}

/** Nobody transfers the zone: the three times for that are what others use. */
function getSoa(serial: number, ttl: number) {
  const data = {
    mname: ZONES[0],
    rname: `hostmaster.${ZONES[0]}`,
    serial,
    refresh: 3600,
    retry: 600,
    expire: 86_400,
    minimum: NEGATIVE_TTL_SECONDS,
  };
  return { type: 'SOA' as const, ttl, data };
}
