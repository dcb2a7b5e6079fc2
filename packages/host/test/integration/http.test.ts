import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmod, readFile, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ListResponse } from '@cspace/protocol/daemon-api';
import { type FakeSupervisor, getRecord, serveHttp, startFakeSupervisor } from '../support/fake-house.ts';
import { AT, createHttpSandboxes, getCode, type HttpSandboxes, post } from '../support/http-sandboxes.ts';
import { type Answer, ask, formatRequest, openRaw } from '../support/raw-http.ts';
import { waitUntil } from '../support/world.ts';

const ONE = '/sandboxes/shop/mercury';

let all: HttpSandboxes;
let supervisor: FakeSupervisor;
beforeAll(async () => {
  all = await createHttpSandboxes();
  supervisor = startFakeSupervisor(AT.mercury, all.tokens.mercury.supervisor);
});
afterAll(async () => {
  await supervisor[Symbol.asyncDispose]();
  await all[Symbol.asyncDispose]();
});

const getNames = ({ text }: Answer) =>
  ListResponse.parse(JSON.parse(text)).sandboxes.map(({ project, sandbox }) => `${project}/${sandbox}`);

describe('a program of the host', () => {
  test('with the token of http.token sees every project, the repositories too', async () => {
    const list = await all.askAsHost('/sandboxes');
    expect(list.status).toBe(200);
    expect(getNames(list)).toEqual(['bank/earth', 'shop/mars', 'shop/mercury', 'shop/venus']);
    expect(list.text).toContain('/src/bank');
  });

  test('the token is the owner’s, 0600, and the same for the next daemon', async () => {
    const path = join(all.fake.home, 'http.token');
    const { mode, uid } = await stat(path);
    expect([mode & 0o777, uid]).toEqual([0o600, process.getuid?.() ?? -1]);
    await using next = await serveHttp(all.fake.house, { audience: 'host' });
    expect((await ask('/version', { port: next.port, token: await all.readHostToken() })).status).toBe(200);
  });

  test.each([
    ['removed', (path: string) => rm(path)],
    ['readable by others', (path: string) => chmod(path, 0o644)],
    ['too short', (path: string) => Bun.write(path, 'x\n')],
    [
      'a symbolic link',
      async (path: string) => {
        await rm(path);
        await symlink('/etc/passwd', path);
      },
    ],
  ])('a token file that is %s is made anew, and the old token holds no more', async (_, spoil) => {
    const path = join(all.fake.home, 'http.token');
    const before = await all.readHostToken();
    await spoil(path);
    expect((await all.askAsHost('/version', { token: before })).status).toBe(401);
    const made = await all.readHostToken();
    expect([made === before, made.length > 32]).toEqual([false, true]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await all.askAsHost('/version')).status).toBe(200);
  });

  test('the model is not served to it', async () => {
    expect((await all.askAsHost('/model/v1/messages', post('hi'))).status).toBe(404);
  });
});

describe('fault-18: a sandbox', () => {
  test('sees its own project, and no path of the host', async () => {
    const list = await all.askAs('mercury', '/sandboxes');
    expect(getNames(list)).toEqual(['shop/mars', 'shop/mercury', 'shop/venus']);
    expect(list.text).not.toContain('/src');
    expect((await all.askAs('mercury', ONE)).text).not.toContain('/src');
  });

  test.each([
    ['GET', '/sandboxes/bank/earth'],
    ['GET', '/sandboxes/shop/pluto'],
    ['GET', '/sandboxes/bank/pluto'],
    ['GET', '/sandboxes/bank/earth/events?follow=1'],
    ['POST', '/sandboxes/bank/earth/turns'],
    ['POST', '/sandboxes/bank/pluto/turns'],
  ])('%s %s: another project’s sandbox is as little there as one that never was', async (method, path) => {
    const body = method === 'POST' ? post('hi').body : undefined;
    const answer = await all.askAs('mercury', path, { method, ...(body && { body }) });
    const [, , project, sandbox] = path.split(/[/?]/);
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toEqual({
      problem: {
        code: 'sandbox-not-found',
        message: `there is no sandbox ${project}/${sandbox}`,
        fix: 'cspace ls',
      },
    });
  });

  test.each([
    ['no token', {}],
    ['a sibling’s token', { token: () => all.tokens.venus.api }],
    ['its token for the model', { token: () => all.tokens.mercury.model }],
    ['its supervisor’s token', { token: () => all.tokens.mercury.supervisor }],
    ['the host’s token', { token: () => all.readHostToken() }],
    ['its token from a sibling’s address', { token: () => all.tokens.mercury.api, from: AT.venus }],
    ['its token from nobody’s address', { token: () => all.tokens.mercury.api, from: '127.0.0.9' }],
    ['no name', { token: () => '' }],
  ])(
    '%s gets 401, whatever it asks',
    async (_, { token, from = AT.mercury }: { token?: () => string | Promise<string>; from?: string }) => {
      for (const path of ['/sandboxes', '/openapi.json', '/nothing', `${ONE}/events`]) {
        const shown = await token?.();
        const answer = await ask(path, {
          port: all.gateway.port,
          from,
          ...(shown !== undefined && { token: shown }),
        });
        all.answers.push(answer);
        expect([path, answer.status, getCode(answer)]).toEqual([path, 401, 'unauthorized']);
      }
    },
  );

  test('trap-20: a token in the query is none', async () => {
    const query = `?token=${all.tokens.mercury.api}&access_token=${all.tokens.mercury.api}`;
    const answer = await ask(`/sandboxes${query}`, { port: all.gateway.port, from: AT.mercury });
    expect(answer.status).toBe(401);
  });

  test.each(['x-api-key', 'cookie', 'proxy-authorization'])('a token in %s is none', async (name) => {
    const headers = { [name]: all.tokens.mercury.api ?? '' };
    const answer = await ask('/sandboxes', { port: all.gateway.port, from: AT.mercury, headers });
    expect(answer.status).toBe(401);
  });

  test('of a machine from before there was such a token gets 401, and the model', async () => {
    const { model } = await all.fake.add('shop/old', AT.old);
    const file = join(all.fake.house.paths.machine({ project: 'shop', sandbox: 'old' }), 'tokens.json');
    const { api: _, ...before } = JSON.parse(await readFile(file, 'utf8'));
    await Bun.write(file, JSON.stringify(before));
    all.fake.house.tokens.forget({ project: 'shop', sandbox: 'old' });
    const at = { port: all.gateway.port, from: AT.old };
    const refused = await ask('/sandboxes', { ...at, token: 'undefined' });
    expect([refused.status, refused.text.includes('an older cspace')]).toEqual([401, true]);
    const answer = await ask('/model/v1/messages', { ...at, ...post('hi'), headers: { 'x-api-key': model } });
    expect(answer.status).toBe(200);
    await all.fake.house.registry.remove({ project: 'shop', sandbox: 'old' });
  });

  test('that has stopped is nobody any more', async () => {
    await all.fake.house.registry.put({ ...getRecord('shop/venus', AT.venus), state: 'stopped' });
    expect((await all.askAs('venus', '/sandboxes')).status).toBe(401);
    await all.fake.house.registry.put(getRecord('shop/venus', AT.venus));
    expect((await all.askAs('venus', '/sandboxes')).status).toBe(200);
  });
});

describe('send', () => {
  test('by a sibling reaches the supervisor, which answers 202', async () => {
    const answer = await all.askAs('venus', `${ONE}/turns`, post('from venus'));
    expect(answer.status).toBe(202);
    expect(JSON.parse(answer.text)).toEqual({ id: expect.any(String) });
    expect(supervisor.sent).toContain('from venus');
  });

  test('to a sandbox that is stopped is 409', async () => {
    const answer = await all.askAs('mercury', '/sandboxes/shop/mars/turns', post('hi'));
    expect([answer.status, getCode(answer)]).toEqual([409, 'sandbox-not-running']);
  });

  test.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['no text', '{}'],
    ['another key', '{"text":"a","then":"b"}'],
    ['__proto__', '{"__proto__":{"text":"a"}}'],
    ['constructor', '{"text":"a","constructor":{"prototype":{"x":1}}}'],
    ['deep nesting', `{"text":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
  ])('fault-17: %s in the body is 400, and changes nothing', async (_, body) => {
    const before = supervisor.sent.length;
    const answer = await all.askAs('mercury', `${ONE}/turns`, { method: 'POST', body });
    expect([answer.status, getCode(answer)]).toEqual([400, 'usage']);
    expect(supervisor.sent.length).toBe(before);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

test('no answer of all these, and no line of the log, holds a token', async () => {
  const { tokens, answers, fake } = all;
  const secrets = [
    await all.readHostToken(),
    ...Object.values(tokens).flatMap((each) => Object.values(each)),
  ];
  expect(answers.length).toBeGreaterThan(50);
  const texts = [...answers.map((answer) => JSON.stringify(answer)), ...fake.log];
  expect(texts.filter((text) => secrets.some((token) => text.includes(token)))).toEqual([]);
});

describe('fault-11: a port that is taken', () => {
  test('is a problem that names who has it, at once', async () => {
    const { port } = all.gateway;
    const listening = serveHttp(all.fake.house, { audience: 'sandboxes', port });
    const problem = await listening.catch((error) => error.problem);
    expect(problem).toMatchObject({ code: 'port-taken' });
    expect(problem.message).toContain(String(port));
    expect(problem.why).toContain(`(pid ${process.pid})`);
    expect(problem.fix).toContain('"http"');
  });

  test('is free again when the service has closed, however much was open', async () => {
    const first = await serveHttp(all.fake.house, { audience: 'sandboxes' });
    const held = await Promise.all(Array.from({ length: 5 }, () => openRaw({ port: first.port })));
    // Half a request each, and one that is under way.
    for (const { socket } of held) socket.write('GET /version HT');
    const stream = await openRaw({ port: first.port, from: AT.mercury });
    const token = all.tokens.mercury.api;
    stream.socket.write(formatRequest(`${ONE}/events?follow=1`, { port: first.port, token }));
    await waitUntil('it has begun', () => first.open === 1);
    await first.close();
    await stream.ended;
    await waitUntil('it is over', () => first.open === 0);
    await Promise.all(held.map(({ ended }) => ended));
    await using second = await serveHttp(all.fake.house, { audience: 'sandboxes', port: first.port });
    expect((await ask('/version', { port: second.port })).status).toBe(401);
  });
});
