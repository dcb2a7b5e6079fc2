import { describe, expect, test } from 'bun:test';
import { createTestResponder, makeQuery } from '../../../src/dns/testing.ts';
import { findMistake } from './check-answer.ts';
import { readCorpus } from './corpus.ts';
import { createAsker, fuzz } from './fuzz.ts';

const COUNT = 50_000;

test('fault-16: 50,000 mutated packets, each answered rightly or not at all', () => {
  const seed = Date.now() % 2 ** 32;
  const { sent, kinds, failures } = fuzz({ seed, count: COUNT });
  const shown = failures.map(({ packet, mistake }) => `seed ${seed}: ${mistake}: ${packet.toString('hex')}`);
  expect(shown).toEqual([]);
  expect(sent).toBe(COUNT);
  // Every way out of the responder was taken: no answer, data, FORMERR, NXDOMAIN, NOTIMP, REFUSED.
  for (const kind of ['drop', '0', '1', '3', '4', '5'])
    expect(kinds[kind] ?? 0).toBeGreaterThan(COUNT / 1000);
}, 60_000);

test.each(readCorpus().map(({ name, packet }) => [name, packet] as const))(
  'fault-16: corpus, %s',
  (_, packet) => {
    const ask = createAsker();
    // By UDP three times, once from the kept answers, and then by TCP.
    expect([1, 2, 3, 4].map(() => ask(packet).mistake)).toEqual(Array(4).fill(undefined));
  },
);

describe('findMistake sees', () => {
  const packet = makeQuery('pluto.cspace2.local', 'A', { edns: 1232 });
  const answerOf = (change: (response: Buffer) => Buffer | undefined) => {
    const response = createResponse(packet);
    return findMistake(packet, change(response));
  };
  const patched = (at: number, byte: number) => (response: Buffer) => {
    response[at] = byte;
    return response;
  };

  test.each<[string, (response: Buffer) => Buffer | undefined, RegExp | undefined]>([
    ['nothing where all is well', (response) => response, undefined],
    ['that an answer is missing', () => undefined, /no answer/],
    ['another id', patched(0, 0x77), /id/],
    ['that it is no answer', patched(2, 0x05), /QR/],
    ['another question', patched(13, 0x7a), /question/],
    ['another case', patched(13, 0x50), /question/],
    ['a code that we never send', patched(3, 9), /rcode/],
    ['a count that is wrong', patched(9, 0), /AA/],
    ['a record that is cut off', (response) => response.subarray(0, -3), /decoder|reads|dns2/],
    ['bytes too many', (response) => Buffer.concat([response, Buffer.alloc(2)]), /reads/],
    ['amplification', (response) => Buffer.concat([response, Buffer.alloc(200)]), /larger/],
  ])('%s', (_, change, expected) => {
    const mistake = answerOf(change);
    if (expected === undefined) expect(mistake).toBeUndefined();
    else expect(mistake).toMatch(expected);
  });
});

function createResponse(packet: Buffer): Buffer {
  const response = createTestResponder().respond(packet, 'udp');
  if (!(response instanceof Buffer)) throw new Error('no answer');
  return response;
}
