import { decode } from 'dns-packet';
import { Packet } from 'dns2';

const HEADER_BYTES = 12;
/** What a client takes that says nothing else; no answer of ours comes near what EDNS allows. */
const MAX_BYTES = 512;
/** An answer is the question, and at most a SOA record with two names, and OPT. */
const MAX_GAIN_BYTES = 140;
/** NOERROR, FORMERR, NXDOMAIN, NOTIMP, REFUSED */
const RCODES = [0, 1, 3, 4, 5];

/**
 * What is wrong with the answer to a packet, whatever the packet is; undefined where nothing is. Reads the bytes itself,
 * and has two decoders that know nothing of each other, or of us, read them whole.
 */
export function findMistake(packet: Buffer, response: Buffer | undefined): string | undefined {
  const mayBeAnswered = packet.length >= HEADER_BYTES && (packet.readUInt16BE(2) & 0x8000) === 0;
  if (!mayBeAnswered) return response ? 'answered what is no query' : undefined;
  if (!response) return 'no answer to a query';
  return findInBytes(packet, response) ?? findByDecoders(response);
}

function findInBytes(packet: Buffer, response: Buffer): string | undefined {
  if (response.length > Math.min(MAX_BYTES, packet.length + MAX_GAIN_BYTES)) return 'larger than allowed';
  if (response.readUInt16BE(0) !== packet.readUInt16BE(0)) return 'another id';
  const [asked, flags] = [packet.readUInt16BE(2), response.readUInt16BE(2)];
  if ((flags & 0x8000) === 0) return 'QR is not set';
  if ((flags & 0x7900) !== (asked & 0x7900)) return 'another opcode, or RD';
  const rcode = flags & 0xf;
  if (!RCODES.includes(rcode)) return `rcode ${rcode}`;
  const [questions = 0, answers = 0, authorities = 0] = [4, 6, 8].map((at) => response.readUInt16BE(at));
  if (answers + authorities > 1 || questions > 1) return 'more than one record, or question';
  // With AA it is of a zone of ours: a record, or the SOA record that says there is none.
  if (((flags & 0x0400) !== 0) !== (answers + authorities === 1))
    return 'AA without a record, or the reverse';
  if (rcode === 3 && answers > 0) return 'NXDOMAIN with an answer';
  if (questions === 0) return rcode === 1 || rcode === 4 ? undefined : 'no question';
  const end = findQuestionEnd(response);
  const same = packet.length >= end && packet.compare(response, HEADER_BYTES, end, HEADER_BYTES, end) === 0;
  return same ? undefined : 'not the question that was asked';
}

function findQuestionEnd(response: Buffer): number {
  let at = HEADER_BYTES;
  while ((response[at] ?? 0) > 0) at += 1 + (response[at] ?? 0);
  return at + 5;
}

function findByDecoders(response: Buffer): string | undefined {
  try {
    decode(response);
    if (decode.bytes !== response.length)
      return `dns-packet reads ${decode.bytes} bytes of ${response.length}`;
    const { errors } = Packet.parse(response);
    return errors.length > 0 ? `dns2: ${errors[0]?.message}` : undefined;
  } catch (error) {
    return `a decoder fails: ${error}`;
  }
}
