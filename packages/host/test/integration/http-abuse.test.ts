import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { HTTP_LIMITS } from '../../src/daemon/http/limits.ts';
import { type ServeOptions, serveHttp } from '../support/fake-house.ts';
import { AT, createHttpSandboxes, getCode, type HttpSandboxes, post } from '../support/http-sandboxes.ts';
import { ask, formatRequest, openRaw, parseAnswer, sendRaw } from '../support/raw-http.ts';
import { waitUntil } from '../support/world.ts';

let all: HttpSandboxes;
beforeAll(async () => {
  all = await createHttpSandboxes();
});
afterAll(() => all[Symbol.asyncDispose]());

/** Whatever was sent: the daemon still answers, and nothing of it is left open. */
afterEach(async () => {
  expect((await all.askAs('venus', '/version')).status).toBe(200);
  expect((await all.askAsHost('/version')).status).toBe(200);
  await waitUntil('no request is open', () => all.gateway.open + all.loopback.open === 0);
});

const SHORT = { ...HTTP_LIMITS.tcp, headersMs: 300, bodyMs: 300, stallMs: 300 };

const serve = (options: Partial<ServeOptions> = {}) =>
  serveHttp(all.fake.house, { audience: 'sandboxes', ...options });

/** As mercury asks at a server of the test's own. */
const mercury = (port: number) => ({ port, from: AT.mercury, token: all.tokens.mercury.api });

describe('fault-17: DNS rebinding and foreign pages', () => {
  test.each([
    ['evil.example'],
    ['evil.example:6280'],
    ['127.0.0.1.evil.example'],
    ['[::1]'],
    ['127.0.0.1:1'],
    ['0.0.0.0'],
    ['localhost.'],
  ])('the Host header %s is 421, with the right token too', async (host) => {
    for (const answer of [
      await all.askAsHost('/sandboxes', { headers: { host } }),
      await all.askAs('mercury', '/sandboxes', { headers: { host } }),
    ])
      expect([answer.status, getCode(answer)]).toEqual([421, 'wrong-host']);
  });

  test('the host may say localhost, with the port and without; a sandbox may not', async () => {
    const { port } = all.loopback;
    for (const host of ['localhost', `localhost:${port}`, `LOCALHOST:${port}`, '127.0.0.1'])
      expect((await all.askAsHost('/version', { headers: { host } })).status).toBe(200);
    expect((await all.askAs('mercury', '/version', { headers: { host: 'localhost' } })).status).toBe(421);
  });

  test.each([
    [{ origin: 'http://evil.example' }],
    [{ origin: 'null' }],
    [{ origin: 'http://localhost:3000' }],
    [{ origin: 'https://127.0.0.1' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
  ])(
    'a page that says %j is refused with the right token, and no header lets it read that',
    async (headers) => {
      for (const answer of [
        await all.askAsHost('/sandboxes', { headers }),
        await all.askAs('mercury', '/sandboxes', { headers }),
      ]) {
        expect([answer.status, getCode(answer)]).toEqual([403, 'foreign-origin']);
        expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
      }
    },
  );

  test.each(['http://evil.example', undefined])('OPTIONS of %p permits nothing', async (origin) => {
    const headers = { 'access-control-request-method': 'POST', ...(origin && { origin }) };
    const answer = await all.askAsHost('/sandboxes', { method: 'OPTIONS', headers });
    expect([403, 405]).toContain(answer.status);
    expect(Object.keys(answer.headers).join()).not.toContain('access-control');
  });

  test('a page of the daemon’s own origin is none of the foreign ones', async () => {
    const headers = { origin: `http://127.0.0.1:${all.loopback.port}`, 'sec-fetch-site': 'same-origin' };
    expect((await all.askAsHost('/version', { headers })).status).toBe(200);
  });
});

describe('fault-17: what is no request of ours', () => {
  test.each([
    ['nothing but line ends', '\r\n\r\n\r\n\r\n', undefined],
    ['binary', '\u0000\u0001\u0002\u00ff\u00fe'.repeat(100), 400],
    ['a TLS hello', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003', 400],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['no version', 'GET /\r\n\r\n', 400],
    ['no Host', 'GET /version HTTP/1.1\r\n\r\n', 400],
    ['two Hosts', 'GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n', 400],
    ['an absolute URI', 'GET http://evil.example/version HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', 400],
    ['an absolute URI of ours', 'GET http://127.0.0.1/version HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', 400],
    ['CONNECT', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', undefined],
    ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', 400],
    ['a long URL', `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`, 431],
    ['many headers', `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n${'X-A: b\r\n'.repeat(5000)}\r\n`, 431],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      400,
    ],
    [
      'length and chunks',
      'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a negative length', 'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n', 400],
    ['a header without a name', 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n: x\r\n\r\n', 400],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\u0000b\r\n\r\n', 400],
    [
      'an upgrade',
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      401,
    ],
  ])('P8: %s is refused, or cut', async (_, bytes, status) => {
    await using server = await serve({ limits: { tcp: SHORT } });
    const raw = await sendRaw(Buffer.from(bytes, 'latin1'), { port: server.port, from: AT.mercury });
    if (status === undefined) expect(raw).toBe('');
    else expect(parseAnswer(raw).status).toBe(status);
  });

  test.each([
    ['DELETE', '/sandboxes/shop/mercury', 405],
    ['PUT', '/version', 405],
    ['HEAD', '/version', 405],
    ['TRACE', '/version', 405],
    ['POST', '/sandboxes', 405],
    ['GET', '/sandboxes/shop/mercury/turns', 405],
    ['POST', '/sandboxes/shop/mercury/down', 404],
    ['POST', '/sandboxes/shop/mercury/interrupt', 404],
    ['POST', '/sandboxes/shop/mercury/fetch', 404],
    ['GET', '/sandboxes/shop/mercury/exec', 404],
    ['POST', '/up', 404],
    ['POST', '/stop', 404],
    ['GET', '/status', 404],
    ['POST', '/image/build', 404],
    ['GET', '/', 404],
    ['GET', '//evil.example/version', 404],
    ['GET', '/__proto__', 404],
    ['GET', '/constructor', 404],
    ['GET', '/sandboxes/../version', 404],
    ['GET', '/sandboxes/shop/..%2f..%2fsecrets.env', 404],
    ['GET', '/sandboxes/__proto__/constructor', 404],
    ['GET', '/sandboxes/shop/%00', 404],
    ['GET', '/sandboxes/shop/%zz', 404],
    ['GET', `/sandboxes/shop/${'a'.repeat(300)}`, 404],
  ])('%s %s is %d for both, with the right token', async (method, path, status) => {
    const options = { method, ...(method === 'POST' && { body: '{}' }) };
    // A URL is made simple before it is looked at: `..` leads to what is there anyway.
    const expected = path === '/sandboxes/../version' ? 200 : status;
    expect((await all.askAsHost(path, options)).status).toBe(expected);
    expect((await all.askAs('mercury', path, options)).status).toBe(expected);
  });
});

describe('fault-17: bodies', () => {
  const turns = '/sandboxes/shop/mercury/turns';

  test.each([
    ['said to be', { 'content-length': '99999999999' }, 'x'],
    ['that is', { 'content-length': String(3 * 1024 * 1024) }, 'x'.repeat(3 * 1024 * 1024)],
    [
      'in chunks',
      { 'transfer-encoding': 'chunked' },
      `${'8000\r\n'.concat('x'.repeat(0x8000), '\r\n').repeat(100)}0\r\n\r\n`,
    ],
  ])('one %s too large is 413', async (_, headers, body) => {
    await using server = await serve({ limits: { tcp: SHORT } });
    const at = mercury(server.port);
    const bytes = formatRequest(turns, { ...at, method: 'POST', headers }) + body;
    const raw = await sendRaw(bytes, at);
    expect(parseAnswer(raw).status).toBe(413);
  });

  test('one that never comes to its end is cut off, and the slot is free again', async () => {
    await using server = await serve({ limits: { tcp: SHORT, requests: { perCaller: 1, total: 9 } } });
    const at = mercury(server.port);
    const headers = { 'content-length': '100' };
    expect(await sendRaw(`${formatRequest(turns, { ...at, method: 'POST', headers })}{`, at)).not.toContain(
      '202',
    );
    await waitUntil('it is over', () => server.open === 0);
    expect((await ask('/version', at)).status).toBe(200);
  });

  test('the model’s is bounded too', async () => {
    const body = 'x'.repeat(17 * 1024 * 1024);
    const at = { ...mercury(all.gateway.port), token: all.tokens.mercury.model };
    const raw = await sendRaw(formatRequest('/model/v1/messages', { ...at, method: 'POST', body }), at);
    if (raw !== '')
      expect(parseAnswer(raw)).toMatchObject({ status: 413, text: expect.stringContaining('too_large') });
  });
});

describe('fault-17: time', () => {
  test.each([
    ['nothing', ''],
    ['half a line', 'GET /ver'],
    ['half the headers', 'GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\n'],
  ])('slowloris: who sends %s is cut off', async (_, bytes) => {
    await using server = await serve({ limits: { tcp: SHORT } });
    await sendRaw(bytes, { port: server.port, from: AT.mercury });
  });

  test('slowloris: a byte now and then does not hold a connection', async () => {
    await using server = await serve({ limits: { tcp: SHORT } });
    const raw = await openRaw({ port: server.port, from: AT.mercury });
    raw.socket.write('GET /version HTTP/1.1\r\nX: ');
    const drip = setInterval(() => raw.socket.write('a'), 50);
    await raw.ended.finally(() => clearInterval(drip));
  });

  test('a connection kept open is closed when nothing is asked on it', async () => {
    await using server = await serve({ limits: { tcp: SHORT } });
    const at = mercury(server.port);
    const headers = { connection: 'keep-alive' };
    expect(await sendRaw(formatRequest('/version', { ...at, headers }), at)).toContain('200 OK');
  });

  test('a model that thinks for longer than any deadline is not cut off', async () => {
    const practiceModel = async () => {
      const body = async function* () {
        yield 'first ';
        await Bun.sleep(900);
        yield 'last';
      };
      return new Response(body() as unknown as ReadableStream);
    };
    await using server = await serve({ practiceModel, limits: { tcp: SHORT } });
    const at = { ...mercury(server.port), token: all.tokens.mercury.model };
    expect((await ask('/model/v1/messages', { ...at, ...post('hi') })).text).toBe('first last');
  });

  test('a stream of events that is silent for longer is not cut off', async () => {
    await using server = await serve({ limits: { tcp: SHORT } });
    const at = mercury(server.port);
    const stream = await openRaw(at);
    stream.socket.write(formatRequest('/sandboxes/shop/mercury/events?follow=1', at));
    await Bun.sleep(900);
    expect([stream.socket.closed, server.open]).toEqual([false, 1]);
    stream.socket.destroy();
    await waitUntil('it is over', () => server.open === 0);
  });

  test('a reader that takes nothing of its answer is cut off', async () => {
    const practiceModel = async () => new Response(new Uint8Array(64 * 1024 * 1024));
    await using server = await serve({ practiceModel, limits: { tcp: SHORT } });
    const at = { ...mercury(server.port), token: all.tokens.mercury.model };
    const stream = await openRaw(at);
    stream.socket.pause();
    stream.socket.write(formatRequest('/model/v1/messages', { ...at, ...post('hi') }));
    await waitUntil('it is answered', () => server.open === 1);
    await waitUntil('it is cut', () => server.open === 0);
    stream.socket.destroy();
  });
});

describe('fault-18: a flood by one sandbox', () => {
  test('of connections: those over the bound are cut, a sibling is served', async () => {
    await using server = await serve({ limits: { tcp: { ...HTTP_LIMITS.tcp, perPeer: 8 } } });
    const at = mercury(server.port);
    const held = await Promise.all(Array.from({ length: 30 }, () => openRaw(at)));
    await waitUntil('the rest is cut', () => held.filter(({ socket }) => socket.closed).length >= 22);
    expect((await ask('/version', { ...at, from: AT.venus, token: all.tokens.venus.api })).status).toBe(200);
    for (const { socket } of held) socket.destroy();
    await waitUntil(
      'they are forgotten',
      async () => (await ask('/version', at).catch(() => ({ status: 0 }))).status === 200,
    );
  });

  test('of requests: those over the bound are 429, a sibling is served', async () => {
    const go = Promise.withResolvers<void>();
    const practiceModel = () => go.promise.then(() => Response.json({}));
    await using server = await serve({ practiceModel, limits: { requests: { perCaller: 4, total: 8 } } });
    const at = { ...mercury(server.port), token: all.tokens.mercury.model };
    const held = Array.from({ length: 4 }, () => ask('/model/v1/messages', { ...at, ...post('hi') }));
    await waitUntil('they are open', () => server.open === 4);
    const more = await ask('/version', mercury(server.port));
    expect([more.status, getCode(more)]).toEqual([429, 'too-many-requests']);
    expect((await ask('/model/v1/messages', { ...at, ...post('hi') })).status).toBe(429);
    const sibling = { port: server.port, from: AT.venus, token: all.tokens.venus.api };
    expect((await ask('/sandboxes', sibling)).status).toBe(200);
    go.resolve();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  test('of streams: those over the bound are 429, what else it asks is answered', async () => {
    await using server = await serve({ limits: { streams: { perCaller: 2, total: 9 } } });
    const at = mercury(server.port);
    const path = '/sandboxes/shop/mercury/events?follow=1';
    const held = await Promise.all([openRaw(at), openRaw(at)]);
    for (const { socket } of held) socket.write(formatRequest(path, at));
    await waitUntil('they are open', () => server.open === 2);
    expect((await ask(path, at)).status).toBe(429);
    expect((await ask('/version', at)).status).toBe(200);
    for (const { socket } of held) socket.destroy();
    await waitUntil('they are over', () => server.open === 0);
  });
});
