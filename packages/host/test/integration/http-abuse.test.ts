import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { HTTP_LIMITS } from '../../src/daemon/http/limits.ts';
import { type ServeOptions, serveHttp } from '../support/fake-house.ts';
import { AT, createHttpSandboxes, getCode, type HttpSandboxes } from '../support/http-sandboxes.ts';
import { parseAnswer, sendRaw } from '../support/raw-http.ts';
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
