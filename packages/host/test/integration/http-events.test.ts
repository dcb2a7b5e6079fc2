import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { rm, symlink } from 'node:fs/promises';
import { serveHttp } from '../support/fake-house.ts';
import {
  AT,
  createHttpSandboxes,
  getCode,
  getEventLine,
  type HttpSandboxes,
} from '../support/http-sandboxes.ts';
import { ask, formatRequest, openRaw } from '../support/raw-http.ts';
import { waitUntil } from '../support/world.ts';

const ONE = '/sandboxes/shop/mercury';

let all: HttpSandboxes;
beforeAll(async () => {
  all = await createHttpSandboxes();
});
afterAll(() => all[Symbol.asyncDispose]());

describe('events', () => {
  beforeAll(() =>
    all.fake.write('shop/mercury', `${getEventLine(1, 'one')}no event\n${getEventLine(2, 'two')}`),
  );

  test.each([
    ['', ['one', 'two']],
    ['?after=1', ['two']],
    ['?after=2', []],
    ['?after=end', []],
    ['?follow=0', ['one', 'two']],
  ])('%s: as they stand on the host, what is no event left out', async (query, texts) => {
    const { status, text, headers } = await all.askAs('venus', `${ONE}/events${query}`);
    expect([status, headers['content-type']]).toEqual([200, 'application/x-ndjson']);
    const lines = text.split('\n').filter(Boolean);
    expect(lines.map((line) => JSON.parse(line).data.text)).toEqual(texts);
  });

  test.each([
    '?after=-1',
    '?after=1e3',
    '?after=x',
    '?follow=yes',
    '?token=x',
    '?after=',
    `?after=${'9'.repeat(16)}`,
  ])('%s is 400', async (query) => {
    const answer = await all.askAs('venus', `${ONE}/events${query}`);
    expect([answer.status, getCode(answer)]).toEqual([400, 'usage']);
  });

  test('of a sandbox without any are none', async () => {
    const answer = await all.askAs('mercury', '/sandboxes/shop/mars/events');
    expect([answer.status, answer.text]).toEqual([200, '']);
  });

  test.each([
    ['a symbolic link', (path: string) => symlink('/etc/passwd', path)],
    ['a FIFO', async (path: string) => void Bun.spawnSync(['mkfifo', path])],
    ['a folder', async (path: string) => void Bun.spawnSync(['mkdir', path])],
  ])('fault-18: %s in their place is no events, and blocks nobody', async (_, plant) => {
    const path = all.fake.house.paths.events({ project: 'shop', sandbox: 'venus' });
    await plant(path);
    const answer = await all.askAs('mercury', '/sandboxes/shop/venus/events');
    expect([answer.status, answer.text]).toEqual([200, '']);
    await rm(path, { recursive: true });
  });

  test('?follow=1 goes on with what comes, until the client leaves', async () => {
    const { port } = all.gateway;
    const stream = await openRaw({ port, from: AT.venus });
    const token = all.tokens.venus.api;
    stream.socket.write(formatRequest(`${ONE}/events?follow=1&after=end`, { port, token }));
    await waitUntil('it has begun', () => stream.received().includes('200 OK'));
    await all.fake.write('shop/mercury', getEventLine(3, 'three'));
    await waitUntil('it came', () => stream.received().includes('"three"'));
    expect(stream.received()).not.toContain('"two"');
    expect(all.gateway.open).toBe(1);
    stream.socket.destroy();
    await waitUntil('it is over', () => all.gateway.open === 0);
  });

  test('?follow=1 ends when the daemon leaves, and nothing new is taken then', async () => {
    const leaving = new AbortController();
    await using server = await serveHttp(all.fake.house, { audience: 'sandboxes', signal: leaving.signal });
    const at = { port: server.port, from: AT.venus, token: all.tokens.venus.api };
    const stream = await openRaw(at);
    stream.socket.write(formatRequest(`${ONE}/events?follow=1`, at));
    await waitUntil('it has begun', () => stream.received().includes('"one"'));
    leaving.abort();
    // The end of the last chunk: whole, not cut.
    expect(await stream.ended).toEndWith('\r\n0\r\n\r\n');
    expect(getCode(await ask('/version', at))).toBe('daemon-unreachable');
    expect(server.open).toBe(0);
  });
});
