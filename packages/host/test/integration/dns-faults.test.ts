import { afterEach, describe, expect, test } from 'bun:test';
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { VERSION } from '@cspace/protocol/version';
import { decode } from 'dns-packet';
import { makeQuery } from '../../src/dns/testing.ts';
import { type DnsProcess, flood, startDnsProcess } from '../support/dns-flood.ts';
import { readCorpus } from '../support/dns-fuzz/corpus.ts';
import { mutate } from '../support/dns-fuzz/mutate.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { createRandom } from '../support/random.ts';
import { waitUntil } from '../support/world.ts';

const LIMITS = { idleMs: 400, lifetimeMs: 60_000, connections: 40, connectionsOfPeer: 20 };
const MERCURY = makeQuery('mercury.shop.cspace2.local');

const ends: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function serve(tcpLimits = LIMITS): Promise<DnsServer> {
  const server = await startDnsServer({ tcpLimits });
  ends.push(server.close);
  return server;
}

async function serveApart(): Promise<DnsProcess> {
  const apart = await startDnsProcess();
  ends.push(apart.end);
  return apart;
}

interface Client {
  socket: Socket;
  isClosed(): boolean;
  /** Of all answers that came, in order. */
  ids(): number[];
}

/** A connection to the server; what it gets is gathered. */
async function open(port: number, from = '127.0.0.1'): Promise<Client> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: from });
  ends.push(() => void socket.destroy());
  let [bytes, closed]: [Buffer, boolean] = [Buffer.alloc(0), false];
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
  });
  socket.on('close', () => {
    closed = true;
  });
  socket.on('error', () => {});
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  return { socket, isClosed: () => closed, ids: () => readIds(bytes) };
}

function readIds(bytes: Buffer): number[] {
  const ids: number[] = [];
  for (let at = 0; at + 2 <= bytes.length; at += 2 + bytes.readUInt16BE(at)) {
    const message = bytes.subarray(at + 2, at + 2 + bytes.readUInt16BE(at));
    ids.push(decode(message).id ?? -1);
  }
  return ids;
}

function frame(packet: Buffer): Buffer {
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16BE(packet.length);
  return Buffer.concat([prefix, packet]);
}

async function expectAnswer(port: number, from?: string): Promise<void> {
  const client = await open(port, from);
  client.socket.write(frame(MERCURY));
  await waitUntil('an answer', () => client.ids().length === 1, 5000);
}

describe('DNS by TCP', () => {
  test('fault-15: half-open connections, more than there may be, keep nobody out', async () => {
    const { port } = await serve({ ...LIMITS, idleMs: 60_000 });
    const silent = await Promise.all(Array.from({ length: 30 }, () => open(port)));
    await waitUntil('the oldest are gone', () => silent.filter((one) => one.isClosed()).length >= 10);
    await expectAnswer(port);
    const others = Array.from({ length: 30 }, (_, n) => open(port, `127.0.0.${2 + n}`));
    await Promise.all(others);
    await expectAnswer(port, '127.0.0.200');
    expect(silent.filter((one) => !one.isClosed()).length).toBeLessThanOrEqual(20);
  });

  test('fault-15: one that is silent is closed, and one that asks is not', async () => {
    const { port } = await serve();
    const [silent, busy] = [await open(port), await open(port)];
    await waitUntil('the silent one is closed', () => {
      busy.socket.write(frame(MERCURY));
      return silent.isClosed();
    });
    expect(busy.isClosed()).toBe(false);
  });

  test('fault-15: one that writes byte by byte has as long as one that is silent', async () => {
    const { port } = await serve();
    const slow = await open(port);
    const bytes = frame(Buffer.concat([MERCURY, Buffer.alloc(2000)]));
    let sent = 0;
    await waitUntil('it is closed', () => {
      if (!slow.socket.destroyed) slow.socket.write(bytes.subarray(sent, ++sent));
      return slow.isClosed();
    });
    expect(slow.ids()).toEqual([]);
    await expectAnswer(port);
  });

  test('fault-15: one that does not read is read from no more, and is closed', async () => {
    // More than the kernel holds for both of us. Made first: whoever keeps this process busy stops the server as well.
    const bytes = Buffer.alloc(800_000 * (MERCURY.length + 2), frame(MERCURY));
    const { port } = await serve({ ...LIMITS, idleMs: 1000 });
    const deaf = await open(port);
    deaf.socket.pause();
    deaf.socket.write(bytes);
    await expectAnswer(port);
    await Bun.sleep(600);
    expect(deaf.socket.writableLength).toBeGreaterThan(bytes.length / 2);
    await Bun.sleep(1000);
    deaf.socket.resume();
    await waitUntil('it is closed', () => deaf.isClosed());
  });

  test('fault-15: no connection lasts for ever, however busy', async () => {
    const { port } = await serve({ ...LIMITS, lifetimeMs: 600 });
    const busy = await open(port);
    await waitUntil('it is closed', () => {
      if (!busy.socket.destroyed) busy.socket.write(frame(MERCURY));
      return busy.isClosed();
    });
    expect(busy.ids().length).toBeGreaterThan(1);
  });

  test('fault-16: a length that no query has ends the connection', async () => {
    const { port } = await serve({ ...LIMITS, idleMs: 60_000 });
    const liar = await open(port);
    liar.socket.write(Buffer.from([0xff, 0xff, 1, 2, 3]));
    await waitUntil('it is closed', () => liar.isClosed());
  });

  test('many questions at once, in pieces of any size, are answered in order', async () => {
    const { port } = await serve();
    const ids = Array.from({ length: 500 }, (_, n) => n);
    const bytes = Buffer.concat(ids.map((id) => frame(makeQuery('venus.shop.cspace2.local', 'A', { id }))));
    const client = await open(port);
    const { int } = createRandom(7);
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + int(200);
      client.socket.write(bytes.subarray(at, at + size));
      at += size;
      if (int(4) === 0) await Bun.sleep(0);
    }
    await waitUntil('all answers', () => client.ids().length === ids.length);
    expect(client.ids()).toEqual(ids);
  });

  test('a client that closes its half is answered all the same', async () => {
    const { port } = await serve({ ...LIMITS, idleMs: 60_000 });
    const client = await open(port);
    client.socket.end(frame(MERCURY));
    await waitUntil('the answer, and the end', () => client.ids().length === 1 && client.isClosed());
  });

  test('fault-16: what gets no answer does not end the connection', async () => {
    const { port } = await serve();
    const client = await open(port);
    const response = Buffer.from(MERCURY);
    response[2] = 0x81;
    client.socket.write(Buffer.concat([frame(response), frame(Buffer.alloc(0)), frame(MERCURY)]));
    await waitUntil('one answer', () => client.ids().length === 1);
  });
});

const MEBIBYTES_MORE = 24;
const QUERIES = 1_000_000;
const WARM_UP = 50_000;

describe('DNS by UDP', () => {
  test('fault-15: a million queries are answered, HTTP is beside them, and memory stays flat', async () => {
    const apart = await serveApart();
    const names = Array.from({ length: 4000 }, (_, n) =>
      makeQuery(`n${n % 1300}.shop.cspace2.local`, 'A', { id: n }),
    );
    const packet = (n: number) => names[(n * 7) % names.length] ?? MERCURY;
    await flood(apart.dns, WARM_UP, packet);
    const before = apart.getRssMiB();
    const flooding = flood(apart.dns, QUERIES, packet);
    let isOver = false;
    const done = flooding.finally(() => {
      isOver = true;
    });
    for (; !isOver; await Bun.sleep(100)) {
      const response = await fetch(`http://127.0.0.1:${apart.http}/version`, {
        headers: { authorization: `Bearer ${apart.token}` },
        signal: AbortSignal.timeout(5000),
      });
      expect(await response.json()).toMatchObject({ version: VERSION });
    }
    const { sent, answered } = await done;
    expect(sent).toBe(QUERIES);
    // By UDP a packet may be lost, where the machine is busy.
    expect(answered).toBeGreaterThan(sent - 1000);
    expect(apart.getRssMiB() - before).toBeLessThan(MEBIBYTES_MORE);
  }, 240_000);

  test('fault-15: questions that all differ leave memory flat, too', async () => {
    const apart = await serveApart();
    const packet = (n: number) => makeQuery(`x${n}.n${n % 1000}.shop.cspace2.local`, 'A', { id: n % 65_536 });
    await flood(apart.dns, 30_000, packet);
    const before = apart.getRssMiB();
    expect((await flood(apart.dns, 60_000, packet)).answered).toBeGreaterThan(50_000);
    expect(apart.getRssMiB() - before).toBeLessThan(MEBIBYTES_MORE);
  }, 60_000);

  test('fault-16: 20,000 mutated packets by the socket, and it still answers', async () => {
    const apart = await serveApart();
    const corpus = readCorpus().map(({ packet }) => packet);
    const random = createRandom(Date.now() % 2 ** 32);
    const socket = createSocket('udp4');
    for (let n = 0; n < 20_000; n += 1) {
      socket.send(mutate(corpus, random), apart.dns, '127.0.0.1');
      if (n % 50 === 0) await Bun.sleep(0);
    }
    await new Promise<void>((resolve) => socket.close(() => resolve()));
    // Until it has worked off what waits, there may be no room for more.
    await waitUntil('it answers', async () => (await flood(apart.dns, 10, () => MERCURY)).answered === 10);
  }, 60_000);
});
