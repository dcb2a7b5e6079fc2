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
    const stream = await openRaw({ ...at, timeoutMs: 60_000 });
    stream.socket.pause();
    stream.socket.write(formatRequest('/model/v1/messages', { ...at, ...post('hi') }));
    await waitUntil('it is answered', () => server.open === 1);
    await waitUntil('it is cut', () => server.open === 0);
    stream.socket.destroy();
  });
});

describe('fault-18: a flood by one sandbox', () => {
  test('of connections: those over the bound are cut, a sibling is served', async () => {
    // No deadline that would cut them too.
    const tcp = { ...HTTP_LIMITS.tcp, perPeer: 8, headersMs: 300_000 };
    await using server = await serve({ limits: { tcp } });
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

  test('of conversations: those over the bound are 429 in the Messages API’s form, other requests are answered', async () => {
    const go = Promise.withResolvers<void>();
    const practiceModel = () => go.promise.then(() => Response.json({}));
    const limits = { conversations: { perCaller: 2, total: 9 } };
    await using server = await serve({ practiceModel, limits });
    const at = { ...mercury(server.port), token: all.tokens.mercury.model };
    const held = Array.from({ length: 2 }, () => ask('/model/v1/messages', { ...at, ...post('hi') }));
    await waitUntil('they are open', () => server.open === 2);
    const more = await ask('/model/v1/messages', { ...at, ...post('hi') });
    expect(more.status).toBe(429);
    expect(more.text).toContain('rate_limit_error');
    expect((await ask('/version', mercury(server.port))).status).toBe(200);
    go.resolve();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await ask('/model/v1/messages', { ...at, ...post('hi') })).status).toBe(200);
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
