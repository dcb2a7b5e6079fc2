import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import type { Health } from '@cspace/protocol/supervisor-api';
import { createControlApp, startControlServer } from './control-server.ts';
import { type EventLog, openEventLog } from './event-log.ts';
import { followEvents } from './follow-events.ts';

const ID = '2b1f8a1e-0000-4000-8000-000000000001';
const HEALTH: Health = {
  ok: true,
  version: '0',
  protocol: 1,
  state: 'idle',
  session: null,
  turn: null,
  queued: 0,
};
let folder: string;
let log: EventLog;
let server: ReturnType<typeof startControlServer>;
let sent: unknown[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-control-'));
  log = await openEventLog(join(folder, 'events.ndjson'));
  sent = [];
  const app = createControlApp(
    {
      send: async (request) => {
        sent.push(request);
        return ID;
      },
      interrupt: () => Promise.reject(new ProblemError({ code: 'nothing-to-interrupt', message: 'idle' })),
      getHealth: () => HEALTH,
      follow: (after, signal) => followEvents(log, after, signal),
    },
    'secret',
  );
  server = startControlServer(app, { hostname: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  await server.stop(true);
  log.close();
  rmSync(folder, { recursive: true, force: true });
});

const AUTH = { authorization: 'Bearer secret' };
const call = (path: string, init: RequestInit = {}) =>
  fetch(`http://127.0.0.1:${server.port}${path}`, {
    headers: AUTH,
    signal: AbortSignal.timeout(10_000),
    ...init,
  });
const post = (body: string, path = '/send') => call(path, { method: 'POST', body });
const codeOf = async (response: Response) => {
  const { problem } = (await response.json()) as { problem: { code: string } };
  return [response.status, problem.code];
};

describe('createControlApp: the token', () => {
  const routes: [string, string][] = [
    ['GET', '/health'],
    ['POST', '/send'],
    ['POST', '/interrupt'],
    ['GET', '/events'],
    ['GET', '/nothing'],
  ];
  const wrong = [
    undefined,
    '',
    'secret',
    'Bearer',
    'Bearer ',
    'Bearer secre',
    'Bearer secret2',
    'bearer secret',
  ];
  for (const [method, path] of routes) {
    test(`${method} ${path}: 401 without the right one`, async () => {
      for (const authorization of wrong) {
        const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
        expect(await codeOf(await call(`${path}?token=secret`, { method, headers }))).toEqual([
          401,
          'unauthorized',
        ]);
      }
      expect(sent).toEqual([]);
    });
  }
  test('createControlApp: an empty token is refused', () => {
    expect(() => createControlApp({} as never, '')).toThrow('empty token');
  });
});

describe('createControlApp: requests', () => {
  test('POST /send: 202 with the id', async () => {
    const response = await post(JSON.stringify({ text: 'hi' }));
    expect([response.status, await response.json()]).toEqual([202, { id: ID }]);
    expect(sent).toEqual([{ text: 'hi' }]);
  });
  const bad = ['', 'no json', 'null', '[]', '{}', '{"text":""}', '{"text":1}', '{"text":"a","id":"x"}'];
  const worse = ['{"text":"a","more":1}', '{"__proto__":{"text":"a"}}', '{"text":"a","constructor":{}}'];
  for (const body of [...bad, ...worse]) {
    test(`POST /send: 400 for ${body === '' ? 'nothing' : body}`, async () => {
      expect(await codeOf(await post(body))).toEqual([400, 'usage']);
      expect(sent).toEqual([]);
    });
  }
  test('POST /send: a body beyond all measure is refused', async () => {
    expect((await post('x'.repeat(3 * 1024 * 1024))).status).toBe(413);
    expect(sent).toEqual([]);
  });
  test('GET /health', async () => expect(await (await call('/health')).json()).toEqual(HEALTH));
  test('POST /interrupt: a problem keeps its status', async () => {
    expect(await codeOf(await post('', '/interrupt'))).toEqual([409, 'nothing-to-interrupt']);
  });
  test('another method, another route', async () => {
    expect(await codeOf(await call('/send'))).toEqual([404, 'not-found']);
  });
  test('GET /events: after= that is no number', async () => {
    expect(await codeOf(await call('/events?after=-1'))).toEqual([400, 'usage']);
  });
});

describe('GET /events', () => {
  const append = (count: number) => {
    for (let i = 0; i < count; i += 1) log.append({ type: 'attach.started', session: null, data: {} });
  };
  /** The numbers of the first events that come. */
  async function read(path: string, count: number, onFirst = () => {}): Promise<number[]> {
    const abort = new AbortController();
    const response = await call(path, { signal: abort.signal });
    const seqs: number[] = [];
    let rest = '';
    for await (const chunk of response.body ?? []) {
      const lines = (rest + new TextDecoder().decode(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') seqs.push((JSON.parse(line) as { seq: number }).seq);
      if (seqs.length > 0) onFirst();
      if (seqs.length >= count) break;
    }
    abort.abort();
    return seqs;
  }

  test('GET /events: what was, then what comes, without a gap', async () => {
    append(3);
    let more = 2;
    const seqs = await read('/events', 5, () => {
      if (more > 0) append(1);
      more -= 1;
    });
    expect(seqs).toEqual([1, 2, 3, 4, 5]);
  });
  test('GET /events: after a number', async () => {
    append(1000);
    expect(await read('/events?after=998', 2)).toEqual([999, 1000]);
  });
});
