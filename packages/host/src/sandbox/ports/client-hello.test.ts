import { describe, expect, test } from 'bun:test';
import { createConnection } from 'node:net';
import { TEST_TLS } from '../../../test/support/test-certificate.ts';
import { getClientHello, isTlsAnswer } from './client-hello.ts';

const hello = getClientHello('mercury.shop.cspace2.local', new Uint8Array(32).fill(7));

describe('getClientHello', () => {
  test('a real server takes it for one, and answers with a hello of its own', async () => {
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      tls: TEST_TLS,
      fetch: () => new Response(''),
    });
    const first = await new Promise<Buffer>((resolve, reject) => {
      const socket = createConnection({ host: '127.0.0.1', port: server.port ?? 0 });
      socket.once('connect', () => socket.write(hello));
      socket.once('data', (data: Buffer) => {
        socket.destroy();
        resolve(data);
      });
      socket.once('error', reject);
      socket.once('end', () => reject(new Error('no answer')));
    });
    await server.stop(true);
    // A handshake record with a server hello (2) in it; an alert would be 21.
    expect([first[0], first[5]]).toEqual([22, 2]);
  });

  test('names the server, as servers of many names want it', () => {
    expect(hello.toString('latin1')).toContain('mercury.shop.cspace2.local');
  });
});

describe('isTlsAnswer', () => {
  test.each([
    ['a hello', [22, 3, 3], true],
    ['an alert', [21, 3, 1], true],
    ['an alert that is not whole', [21], undefined],
    ['nothing', [], undefined],
    ['HTTP', [72, 84], false],
    ['another protocol that begins so', [22, 9], false],
  ])('%s', (_, bytes, expected) => {
    expect(isTlsAnswer(Uint8Array.from(bytes))).toBe(expected);
  });
});
