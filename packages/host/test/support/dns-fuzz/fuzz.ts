import { createTestResponder } from '../../../src/dns/testing.ts';
import { createRandom } from '../random.ts';
import { findMistake } from './check-answer.ts';
import { readCorpus } from './corpus.ts';
import { mutate } from './mutate.ts';

export interface Failure {
  packet: Buffer;
  mistake: string;
}

export interface FuzzResult {
  sent: number;
  /** By kind: `drop`, or the code of the answer. A fuzzer that only ever sees one kind is worth nothing. */
  kinds: Record<string, number>;
  failures: Failure[];
}

const MAX_FAILURES = 10;

/** Asks the responder `count` mutated packets, and says which were answered wrongly. */
export function fuzz({ seed, count }: { seed: number; count: number }): FuzzResult {
  const random = createRandom(seed);
  const corpus = readCorpus().map(({ packet }) => packet);
  const ask = createAsker();
  const kinds: Record<string, number> = {};
  const failures: Failure[] = [];
  let sent = 0;
  while (sent < count && failures.length < MAX_FAILURES) {
    sent += 1;
    const packet = mutate(corpus, random);
    const { kind, mistake } = ask(packet);
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    if (mistake !== undefined) failures.push({ packet, mistake });
  }
  return { sent, kinds, failures };
}

/** Asks by UDP and by TCP in turns. */
export function createAsker(): (packet: Buffer) => { kind: string; mistake: string | undefined } {
  const responder = createTestResponder();
  let count = 0;
  return (packet) => {
    const before = Buffer.from(packet);
    count += 1;
    try {
      const response = responder.respond(packet, count % 4 === 0 ? 'tcp' : 'udp');
      if (response instanceof Promise) return { kind: 'promise', mistake: 'asked somebody else' };
      const kind = response ? `${response.readUInt16BE(2) & 0xf}` : 'drop';
      const changed = before.equals(packet) ? undefined : 'changed the packet';
      return { kind, mistake: changed ?? findMistake(packet, response) };
    } catch (error) {
      return { kind: 'thrown', mistake: `threw ${error}` };
    }
  };
}
