import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { type EventLog, openEventLog } from './event-log.ts';
import { createTurnQueue } from './turns.ts';

const ID = '2b1f8a1e-0000-4000-8000-000000000001';
let folder: string;
let path: string;
let log: EventLog;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-turns-'));
  path = join(folder, 'events.ndjson');
  log = await openEventLog(path);
});
afterEach(() => {
  log.close();
  rmSync(folder, { recursive: true, force: true });
});

const codeOf = async (promise: Promise<unknown>) => {
  const error = await promise.catch((each: unknown) => each);
  return error instanceof ProblemError ? error.problem.code : error;
};
const count = () => readFileSync(path, 'utf8').split('\n').length - 1;

describe('createTurnQueue', () => {
  test('accept: is in the log when it resolves, and is read back', async () => {
    const queue = createTurnQueue(log);
    const id = await queue.accept({ text: 'hello' }, 's');
    expect(count()).toBe(1);
    const again = await openEventLog(path);
    expect(createTurnQueue(again).head()).toMatchObject({ id, text: 'hello', started: false });
    again.close();
  });
  test('accept: the same again is one turn, also at once, also after its end', async () => {
    const queue = createTurnQueue(log);
    const all = [1, 2, 3].map(() => queue.accept({ id: ID, text: 'a' }, null));
    expect(await Promise.all(all)).toEqual([ID, ID, ID]);
    queue.remove(ID);
    expect(await queue.accept({ id: ID, text: 'a' }, null)).toBe(ID);
    expect([queue.size, count()]).toEqual([0, 1]);
  });
  test('accept: the same id with another text is a conflict, also after a restart', async () => {
    await createTurnQueue(log).accept({ id: ID, text: 'a' }, null);
    expect(await codeOf(createTurnQueue(log).accept({ id: ID, text: 'b' }, null))).toBe('turn-conflict');
    const again = await openEventLog(path);
    expect(await codeOf(createTurnQueue(again).accept({ id: ID, text: 'b' }, null))).toBe('turn-conflict');
    again.close();
  });
  test('accept: what is too large is refused and leaves nothing', async () => {
    const queue = createTurnQueue(log);
    expect(await codeOf(queue.accept({ text: 'x'.repeat(256 * 1024 + 1) }, null))).toBe('too-large');
    expect(await codeOf(queue.accept({ text: '\u0001'.repeat(256 * 1024) }, null))).toBe('too-large');
    await queue.accept({ text: 'x'.repeat(256 * 1024) }, null);
    expect([queue.size, count()]).toEqual([1, 1]);
  });
  test('accept: a full disk refuses the turn, and the same id works later', async () => {
    let isFull = true;
    const small = await openEventLog(join(folder, 'small.ndjson'), {
      write: (_, line) => {
        if (isFull) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
        return line.length;
      },
    });
    const queue = createTurnQueue(small);
    const error = await queue.accept({ id: ID, text: 'a' }, null).catch((each: ProblemError) => each.problem);
    expect(error).toMatchObject({ code: 'failed', why: 'ENOSPC: no space left on device' });
    expect(queue.size).toBe(0);
    isFull = false;
    expect(await queue.accept({ id: ID, text: 'a' }, null)).toBe(ID);
    small.close();
  });
  test('waitForTurn: resolves with a turn, and with the signal', async () => {
    const queue = createTurnQueue(log);
    const waiting = queue.waitForTurn(new AbortController().signal);
    await queue.accept({ text: 'a' }, null);
    await waiting;
    queue.remove(queue.head()?.id ?? '');
    const abort = new AbortController();
    const next = queue.waitForTurn(abort.signal);
    abort.abort();
    await next;
  });
});
