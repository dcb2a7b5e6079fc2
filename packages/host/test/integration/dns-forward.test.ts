import { afterEach, describe, expect } from 'bun:test';
import { createSocket, type RemoteInfo } from 'node:dgram';
import { createServer } from 'node:net';
import { decode, encode } from 'dns-packet';
import { createSource, makeRecord } from '../../src/dns/testing.ts';
import type { UpstreamServer } from '../../src/dns/upstream.ts';
import { dig, NO_DIG } from '../support/dig.ts';
import { startDnsServer } from '../support/dns-server.ts';
import { testUnless } from '../support/test-unless.ts';

const test = testUnless(NO_DIG);
/** Sandboxes' addresses; on loopback, so that dig can ask from them (-b). */
const [RUNS, STARTS, STOPPED, CUT_OFF, STRANGER] = [2, 3, 4, 5, 6].map((n) => `127.0.0.${n}`) as [
  string,
  string,
  string,
  string,
  string,
];
const source = createSource([
  makeRecord('shop/mercury', { address: RUNS }),
  makeRecord('shop/venus', { address: STARTS, state: 'starting' }),
  makeRecord('shop/earth', { address: STOPPED, state: 'stopped' }),
  makeRecord('shop/mars', { address: CUT_OFF, network: 'none' }),
]);

const ends: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function answerTo(packet: Buffer): Buffer {
  const query = decode(packet);
  const name = query.questions?.[0]?.name ?? '';
  return encode({
    ...query,
    type: 'response',
    flags: 0x180,
    answers: [{ name, type: 'A', ttl: 60, data: '192.0.2.1' }],
  });
}

type Reply = (packet: Buffer, send: (response: Buffer) => void) => void;
const rightly: Reply = (packet, send) => send(answerTo(packet));

/** A name server of the host's, by UDP and by TCP. */
async function startUpstream(reply: Reply = rightly): Promise<UpstreamServer & { asked(): number }> {
  let asked = 0;
  const udp = createSocket('udp4');
  udp.on('message', (packet: Buffer, peer: RemoteInfo) => {
    asked += 1;
    reply(packet, (response) => udp.send(response, peer.port, peer.address));
  });
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', () => resolve()));
  const { port } = udp.address();
  const tcp = createServer((socket) => {
    socket.on('data', (data: Buffer) => {
      asked += 1;
      reply(data.subarray(2), (response) => {
        const prefix = Buffer.alloc(2);
        prefix.writeUInt16BE(response.length);
        socket.write(Buffer.concat([prefix, response]));
      });
    });
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => tcp.listen(port, '127.0.0.1', () => resolve()));
  ends.push(() => {
    udp.close();
    tcp.close();
  });
  return { address: '127.0.0.1', port, asked: () => asked };
}

async function ask(
  servers: UpstreamServer[],
  { from = RUNS, audience = 'sandboxes' as 'sandboxes' | 'host', args = ['example.org'] } = {},
) {
  const server = await startDnsServer({ source, audience, getServers: async () => servers });
  ends.push(server.close);
  return dig(server.port, ['-b', from, '+time=10', ...args]);
}

const ANSWER = ['example.org. 60 IN A 192.0.2.1'];

describe('names of the world, on the gateway', () => {
  test('are asked for at the host’s name server, by UDP and TCP alike', async () => {
    const upstream = await startUpstream();
    expect(await ask([upstream])).toMatchObject({ status: 'NOERROR', answer: ANSWER });
    expect(await ask([upstream], { args: ['example.org', '+tcp'] })).toMatchObject({ answer: ANSWER });
    expect(await ask([upstream], { from: STARTS })).toMatchObject({ answer: ANSWER });
    expect(upstream.asked()).toBe(3);
  });

  for (const [who, options] of [
    ['a sandbox with network none', { from: CUT_OFF }],
    ['the address of a stopped sandbox', { from: STOPPED }],
    ['an address that no sandbox has', { from: STRANGER }],
    ['the host', { audience: 'host' as const }],
  ] as const) {
    test(`${who} is refused, and nobody is asked`, async () => {
      const upstream = await startUpstream();
      for (const args of [['example.org'], ['example.org', '+tcp']])
        expect(await ask([upstream], { ...options, args })).toMatchObject({ status: 'REFUSED', answer: [] });
      expect(upstream.asked()).toBe(0);
    });
  }

  test('where the host has no server on loopback only: refused, sandboxes ask it themselves', async () => {
    expect(await ask([])).toMatchObject({ status: 'REFUSED' });
  });

  test('the second server answers where nobody listens at the first', async () => {
    const second = await startUpstream();
    expect(await ask([{ address: '127.0.0.1', port: 9 }, second])).toMatchObject({ answer: ANSWER });
  });

  test('what is no answer to the question is not passed on', async () => {
    const upstream = await startUpstream((packet, send) => {
      const otherId = answerTo(packet);
      otherId.writeUInt16BE((otherId.readUInt16BE(0) + 1) % 65_536, 0);
      const otherName = answerTo(packet);
      otherName.write('EVIL', 13);
      for (const wrong of [otherId, otherName, packet, Buffer.alloc(3)]) send(wrong);
      send(answerTo(packet));
    });
    expect(await ask([upstream])).toMatchObject({ answer: ANSWER });
  });

  test('no answer at all is SERVFAIL within the time that a client waits', async () => {
    expect(await ask([await startUpstream(() => {})])).toMatchObject({ status: 'SERVFAIL', answer: [] });
  });
});
