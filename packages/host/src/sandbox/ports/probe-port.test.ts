import { describe, expect, test } from 'bun:test';
import { createConnection, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ProblemError } from '@cspace/protocol/problem';
import { TEST_TLS } from '../../../test/support/test-certificate.ts';
import { probePort } from './probe-port.ts';

const domain = 'mercury.shop.cspace2.local';
const never = new AbortController().signal;

interface Server extends AsyncDisposable {
  port: number;
}

function serveHttp(fetch: (request: Request) => Response, tls?: typeof TEST_TLS): Server {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch, ...(tls ? { tls } : {}) });
  return { port: server.port ?? 0, [Symbol.asyncDispose]: () => server.stop(true) };
}

async function serveTcp(onConnection: (socket: Socket) => void): Promise<Server> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function dialLoopback(port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error) =>
      reject(new ProblemError({ code: 'failed', message: 'no', why: error.message })),
    );
  });
}

const probe = ({ port }: { port: number }, signal = never) =>
  probePort({ dial: () => dialLoopback(port), domain, address: '127.0.0.1', port }, signal);

const getHost = (request: Request) => request.headers.get('host') ?? '';

describe('probePort', () => {
  test.each([200, 302, 404, 403, 500, 400])('a server of HTTP that says %d to all', async (status) => {
    await using server = serveHttp(() => new Response('x', { status }));
    expect(await probe(server)).toEqual({ speaks: 'http', takesName: true });
  });

  test('asks by the name, without the body', async () => {
    const seen: string[] = [];
    await using server = serveHttp((request) => {
      seen.push(`${request.method} ${getHost(request)} ${new URL(request.url).pathname}`);
      return new Response('x');
    });
    await probe(server);
    expect(seen).toEqual([`HEAD ${domain}:${server.port} /`]);
  });

  test('a server of HTTPS', async () => {
    await using server = serveHttp(() => new Response('x'), TEST_TLS);
    expect(await probe(server)).toEqual({ speaks: 'https' });
  });

  test.each([
    [
      'says 400 to what is in the clear',
      'HTTP/1.0 400 Bad Request\r\n\r\nsent an HTTP request to an HTTPS server',
    ],
    ['says nothing to what is in the clear', ''],
  ])('a server of HTTPS that %s', async (_, answer) => {
    await using server = await serveTcp((socket) =>
      socket.once('data', (data) => socket.end(data[0] === 22 ? Buffer.from([22, 3, 3, 0, 2]) : answer)),
    );
    expect(await probe(server)).toEqual({ speaks: 'https' });
  });

  test('a server that serves one connection at a time is not held up by our own', async () => {
    let busy = false;
    await using server = await serveTcp((socket) => {
      if (busy) return;
      busy = true;
      socket.on('close', () => {
        busy = false;
      });
      socket.once('data', (data) =>
        data.toString().startsWith('HEAD') ? socket.end('HTTP/1.0 200 OK\r\n\r\n') : undefined,
      );
    });
    expect(await probe(server)).toEqual({ speaks: 'http', takesName: true });
  });

  test('trap-34: a server that takes connections and hangs is not taken for one that works', async () => {
    await using server = await serveTcp(() => {});
    expect(await probe(server)).toEqual({ speaks: 'unknown', why: 'takes connections, but does not answer' });
  });

  test.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n', 'answers, but neither HTTP nor TLS'],
    ['HTTP of no version that is known', 'HTTP/9.9 fine and dandy\r\n', 'answers, but neither HTTP nor TLS'],
    ['nothing', '', 'ends connections without an answer'],
    ['bytes without end', 'x'.repeat(1_000_000), 'answers, but neither HTTP nor TLS'],
  ])('%s', async (_, text, why) => {
    await using server = await serveTcp((socket) => socket.end(text));
    expect(await probe(server)).toEqual({ speaks: 'unknown', why });
  });

  test('an answer in pieces', async () => {
    await using server = await serveTcp(async (socket) => {
      for (const piece of ['HT', 'TP/1.', '1 2', '04 No Content\r\n\r\n']) {
        socket.write(piece);
        await Bun.sleep(20);
      }
    });
    expect(await probe(server)).toEqual({ speaks: 'http', takesName: true });
  });

  test('nobody listens', async () => {
    const { port } = await serveTcp(() => {}).then(async (server) => {
      await server[Symbol.asyncDispose]();
      return server;
    });
    expect(await probe({ port })).toMatchObject({ speaks: null, why: expect.stringMatching(/refused/i) });
  });

  test('the signal ends it, as its own failure', async () => {
    await using server = await serveTcp(() => {});
    await expect(probe(server, AbortSignal.timeout(50))).rejects.toThrow(/timed out/);
  });
});

describe('trap-14: a server that takes no name in the Host header', () => {
  const isAddress = (request: Request) => getHost(request).startsWith('127.0.0.1');

  test('Chrome’s DevTools port, which has no page of its own', async () => {
    await using server = serveHttp((request) => {
      if (!isAddress(request)) return new Response('Host header is specified', { status: 500 });
      const isVersion = new URL(request.url).pathname === '/json/version' && request.method === 'GET';
      return isVersion ? Response.json({ Browser: 'Chrome/1' }) : new Response('', { status: 404 });
    });
    expect(await probe(server)).toEqual({ speaks: 'http', takesName: false });
  });

  test('a development server that knows its own names only', async () => {
    await using server = serveHttp((request) =>
      isAddress(request) ? new Response('page') : new Response('blocked', { status: 403 }),
    );
    expect(await probe(server)).toEqual({ speaks: 'http', takesName: false });
  });

  test('one that refuses both keeps its name', async () => {
    await using server = serveHttp(() => new Response('log in first', { status: 403 }));
    expect(await probe(server)).toEqual({ speaks: 'http', takesName: true });
  });
});
