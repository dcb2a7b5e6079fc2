import type { Random } from '../random.ts';

type Mutation = (packet: Buffer, random: Random, corpus: readonly Buffer[]) => Buffer;

/** Values on which a reader of lengths, counts and pointers stumbles. */
const EDGES_16 = [0, 1, 2, 0xff, 0x100, 0x7fff, 0x8000, 0xc000, 0xc00c, 0xffff, 41, 255, 252] as const;
const EDGES_8 = [0, 1, 0x2e, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff] as const;
const MAX_BYTES = 1500;

/** Where header and question are most of the packet, a place picked evenly hits both often enough. */
const MUTATIONS: readonly Mutation[] = [
  function flipBit(packet, { int }) {
    const at = int(packet.length);
    packet[at] = (packet[at] ?? 0) ^ (1 << int(8));
    return packet;
  },
  function setByte(packet, { int, pick }) {
    packet[int(packet.length)] = int(2) ? pick(EDGES_8) : int(256);
    return packet;
  },
  function setWord(packet, { int, pick }) {
    if (packet.length >= 2) packet.writeUInt16BE(pick(EDGES_16), int(packet.length - 1));
    return packet;
  },
  function setHeaderWord(packet, { int, pick }) {
    if (packet.length >= 12) packet.writeUInt16BE(pick(EDGES_16), 2 * int(6));
    return packet;
  },
  (packet, { int }) => packet.subarray(0, int(packet.length + 1)),
  function remove(packet, { int }) {
    const at = int(packet.length);
    return Buffer.concat([packet.subarray(0, at), packet.subarray(at + 1 + int(8))]);
  },
  function insert(packet, { int }) {
    const at = int(packet.length + 1);
    const bytes = Buffer.from(Array.from({ length: 1 + int(8) }, () => int(256)));
    return Buffer.concat([packet.subarray(0, at), bytes, packet.subarray(at)]);
  },
  function repeat(packet, { int }) {
    const at = int(packet.length);
    const piece = packet.subarray(at, at + 1 + int(64));
    return Buffer.concat([packet.subarray(0, at), ...Array(1 + int(6)).fill(piece), packet.subarray(at)]);
  },
  function splice(packet, { int, pick }, corpus) {
    const other = pick(corpus);
    return Buffer.concat([packet.subarray(0, int(packet.length + 1)), other.subarray(int(other.length))]);
  },
  function changeCase(packet, { int }) {
    for (let at = 12; at < packet.length; at += 1) {
      const byte = packet[at] ?? 0;
      const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
      if (isLetter && int(2)) packet[at] = byte ^ 0x20;
    }
    return packet;
  },
];

/** A packet of the corpus with one to four things wrong with it; now and then with none. */
export function mutate(corpus: readonly Buffer[], random: Random): Buffer {
  let packet: Buffer = Buffer.from(random.pick(corpus));
  for (let n = random.int(5); n > 0; n -= 1) {
    if (packet.length > 0) packet = random.pick(MUTATIONS)(Buffer.from(packet), random, corpus);
  }
  return packet.subarray(0, MAX_BYTES);
}
