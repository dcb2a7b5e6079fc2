import { describe, expect, test } from 'bun:test';
import { decode, encode } from 'dns-packet';
import {
  ask,
  askVia,
  createSource,
  createTestResponder,
  makeQuery,
  makeRecord,
  RECORDS,
  read,
} from './testing.ts';

const responder = createTestResponder();
const MERCURY = 'mercury.shop.cspace2.local';

/** A packet with some of its bytes replaced. */
function patch(packet: Buffer, offset: number, ...bytes: number[]): Buffer {
  const patched = Buffer.from(packet);
  Buffer.from(bytes).copy(patched, offset);
  return patched;
}

const rcodeOf = (packet: Buffer) => ask(responder, packet).rcode;

describe('createResponder: answers, as dns-packet reads them', () => {
  test('A: the address, with its name, for a second', () => {
    const found = ask(responder, makeQuery(MERCURY));
    expect(found).toMatchObject({
      id: 4711,
      type: 'response',
      flag_aa: true,
      flag_rd: true,
      rcode: 'NOERROR',
    });
    expect(found.answers).toMatchObject([{ name: MERCURY, type: 'A', ttl: 1, data: '192.168.64.2' }]);
    expect([found.authorities, found.additionals]).toEqual([[], []]);
  });

  test.each([
    ['trap-13: AAAA of a name that exists', MERCURY, 'AAAA', 'NOERROR', 'cspace2.local'],
    ['a name that does not', 'pluto.cspace.test', 'A', 'NXDOMAIN', 'cspace.test'],
    ['an address that has none', '9.64.168.192.in-addr.arpa', 'PTR', 'NXDOMAIN', '64.168.192.in-addr.arpa'],
  ])('%s: empty, with the SOA record of its zone, for two seconds', (_, name, type, rcode, apex) => {
    const found = ask(responder, makeQuery(name, type));
    expect(found).toMatchObject({ rcode, flag_aa: true, answers: [] });
    expect(found.authorities).toMatchObject([{ name: apex, type: 'SOA', ttl: 2, data: { minimum: 2 } }]);
  });

  test('SOA and NS of a zone', () => {
    const soa = { mname: 'cspace2.local', rname: 'hostmaster.cspace2.local', minimum: 2 };
    expect(ask(responder, makeQuery('cspace.test', 'SOA')).answers).toMatchObject([
      { type: 'SOA', data: soa },
    ]);
    expect(ask(responder, makeQuery('cspace.test', 'NS')).answers).toMatchObject([{ data: 'cspace2.local' }]);
  });

  test('trap-12: the case of the question comes back, in the question and in the owner (0x20)', () => {
    const packet = makeQuery('MeRcUrY.sHop.CSPACE2.locaL');
    const found = ask(responder, packet);
    expect(found.questions?.[0]?.name).toBe('MeRcUrY.sHop.CSPACE2.locaL');
    expect(found.answers).toMatchObject([{ name: 'MeRcUrY.sHop.CSPACE2.locaL', data: '192.168.64.2' }]);
  });

  test('labels come back byte for byte, with a dot, a zero or no ASCII in them', () => {
    const packet = patch(makeQuery(`abcde.${MERCURY}`), 13, 0x2e, 0x00, 0xff, 0xc3, 0x41);
    const response = responder.respond(packet, 'udp');
    if (!(response instanceof Buffer)) throw new Error('no answer');
    expect(response.subarray(12, packet.length)).toEqual(packet.subarray(12));
    expect(read(response).answers).toMatchObject([{ data: '192.168.64.2' }]);
    // One label `mercury.shop` is not the two of the name.
    const odd = patch(makeQuery('mercury-shop.cspace2.local'), 12 + 8, 0x2e);
    expect(ask(responder, odd).rcode).toBe('NXDOMAIN');
  });

  test('a change is seen by the next question, not by the clock', () => {
    const source = createSource(RECORDS);
    const changing = createTestResponder(source);
    const look = () => ask(changing, makeQuery(MERCURY)).answers?.map((one) => 'data' in one && one.data);
    expect([look(), look()]).toEqual([['192.168.64.2'], ['192.168.64.2']]);
    source.put(makeRecord('shop/mercury', { address: '192.168.64.9' }));
    expect(look()).toEqual(['192.168.64.9']);
    source.put(makeRecord('shop/mercury', { state: 'exited' }));
    expect(look()).toEqual([]);
  });

  test('a kept answer goes out under the id of the question', () => {
    expect([1, 2, 3].map((id) => ask(responder, makeQuery(MERCURY, 'A', { id })).id)).toEqual([1, 2, 3]);
  });
});

describe('createResponder: EDNS', () => {
  const opt = (packet: Buffer) => ask(responder, packet).additionals?.[0];

  test('OPT is answered with our size, and the bit DO is copied', () => {
    const packet = makeQuery(MERCURY, 'A', { edns: 4096 });
    expect(opt(packet)).toMatchObject({ type: 'OPT', udpPayloadSize: 1232, ednsVersion: 0, flag_do: false });
    expect(opt(patch(packet, packet.length - 4, 0x80))).toMatchObject({ flag_do: true });
  });

  test('another version is BADVERS, with ours', () => {
    const packet = makeQuery(MERCURY, 'A', { edns: 1232 });
    const found = ask(responder, patch(packet, packet.length - 5, 1));
    expect(found.additionals).toMatchObject([{ extendedRcode: 1, ednsVersion: 0 }]);
    expect([found.rcode, found.answers]).toEqual(['NOERROR', []]);
  });

  test('two OPT records are a mistake', () => {
    const packet = makeQuery(MERCURY, 'A', { edns: 1232 });
    const twice = patch(Buffer.concat([packet, packet.subarray(-11)]), 10, 0, 2);
    expect(rcodeOf(twice)).toBe('FORMERR');
  });
});

describe('createResponder: what is refused', () => {
  const query = makeQuery(MERCURY);
  test.each([
    ['no question', patch(query, 4, 0, 0), 'FORMERR'],
    ['two questions', patch(query, 4, 0, 2), 'FORMERR'],
    ['records in the answer', patch(query, 6, 0, 1), 'FORMERR'],
    ['cut off', query.subarray(0, query.length - 1), 'FORMERR'],
    ['bytes too many', Buffer.concat([query, Buffer.alloc(3)]), 'FORMERR'],
    ['a pointer in the question', patch(query, 12, 0xc0, 0x0c), 'FORMERR'],
    ['a header alone', Buffer.concat([query.subarray(0, 12)]), 'FORMERR'],
    ['another opcode', patch(query, 2, 0x28), 'NOTIMP'],
    ['another class', patch(query, query.length - 1, 3), 'REFUSED'],
    ['AXFR', makeQuery('cspace2.local', 'AXFR'), 'REFUSED'],
    ['a name of the world', makeQuery('example.org'), 'REFUSED'],
    ['a name above ours', makeQuery('168.192.in-addr.arpa', 'PTR'), 'REFUSED'],
  ])('%s', (_, packet, rcode) => {
    expect(ask(responder, packet)).toMatchObject({ rcode, answers: [], authorities: [] });
  });

  test.each([
    ['an answer', patch(query, 2, 0x81, 0x80)],
    ['an answer that says REFUSED', patch(query, 2, 0x80, 0x05)],
    ['less than a header', query.subarray(0, 11)],
    ['nothing', Buffer.alloc(0)],
  ])('fault-16: %s gets no answer', (_, packet) => {
    expect(responder.respond(packet, 'udp')).toBeUndefined();
  });
});

describe('createResponder: names of the world', () => {
  const packet = makeQuery('example.org', 'TXT');
  const long = {
    name: 'example.org',
    type: 'TXT' as const,
    ttl: 5,
    data: ['x'.repeat(200), 'y'.repeat(200), 'z'.repeat(200)],
  };
  const answered = encode({ ...decode(packet), type: 'response', answers: [long] });

  test('what was answered elsewhere is passed on, cut for a client that takes less', async () => {
    expect(
      (await askVia(responder, makeQuery('example.org', 'TXT', { edns: 1232 }), async () => answered))
        .answers,
    ).toHaveLength(1);
    const cut = await askVia(responder, packet, async () => answered);
    expect(cut).toMatchObject({ flag_tc: true, answers: [], id: 4711, questions: [{ name: 'example.org' }] });
  });

  test('no answer from there is SERVFAIL; who may not ask is refused', async () => {
    expect((await askVia(responder, packet, async () => undefined)).rcode).toBe('SERVFAIL');
    expect((await askVia(responder, packet, async () => 'refused')).rcode).toBe('REFUSED');
  });

  test('our own names are never asked for elsewhere', () => {
    const forward = () => {
      throw new Error('asked elsewhere');
    };
    for (const name of [MERCURY, 'pluto.cspace2.local', 'cspace.test', '9.64.168.192.in-addr.arpa'])
      expect(responder.respond(makeQuery(name), 'udp', forward)).toBeInstanceOf(Buffer);
  });
});

test('createResponder keeps no answers to packets of a size that no question has', () => {
  const query = makeQuery(MERCURY, 'A', { edns: 1232 });
  // RFC 7830: option 12, at the very end; the length of all options is in the two bytes before.
  const packets = Array.from({ length: 400 }, (_, n) => {
    const packet = Buffer.concat([query, Buffer.from([0, 12, 0, 0]), Buffer.alloc(60_000, `${n} `)]);
    packet.writeUInt16BE(60_004, query.length - 2);
    packet.writeUInt16BE(60_000, query.length + 2);
    return packet;
  });
  Bun.gc(true);
  const before = process.memoryUsage().heapUsed;
  for (const packet of packets) expect(ask(responder, packet).rcode).toBe('NOERROR');
  Bun.gc(true);
  // Kept, they would be 24 MB.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(6_000_000);
});
