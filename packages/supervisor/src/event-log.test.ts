import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEvent } from '@cspace/protocol/event';
import type { NewEvent } from './event-line.ts';
import { openEventLog } from './event-log.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-log-'));
  path = join(folder, 'events.ndjson');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const queued = (turn: string, text = 'do it'): NewEvent => ({
  type: 'turn.queued',
  session: null,
  turn,
  data: { text },
});
const ended = (turn: string): NewEvent => ({
  type: 'turn.ended',
  session: 's',
  turn,
  data: { outcome: 'completed' },
});
const lines = () => readFileSync(path, 'utf8').split('\n').slice(0, -1);
const seqs = () => lines().map((line) => parseEvent(line)?.seq);

async function write(...events: NewEvent[]): Promise<void> {
  const log = await openEventLog(path);
  for (const event of events) log.append(event);
  await log.sync();
  log.close();
}

describe('openEventLog', () => {
  test('openEventLog: counts on where the last one stopped', async () => {
    await write(queued('a'));
    await write(queued('b'), ended('a'));
    expect(seqs()).toEqual([1, 2, 3]);
  });

  test('openEventLog: a tail torn at any byte is cut, and no whole line is lost', async () => {
    await write(queued('a', 'first ä'), queued('b', 'second "quoted" \u0001 ü'));
    const whole = readFileSync(path);
    const firstEnd = whole.indexOf(10) + 1;
    for (let length = 0; length <= whole.length; length += 1) {
      writeFileSync(path, whole.subarray(0, length));
      const log = await openEventLog(path);
      log.append(queued('c'));
      log.close();
      const kept = length === whole.length ? 2 : length >= firstEnd ? 1 : 0;
      expect(seqs()).toEqual(Array.from({ length: kept + 1 }, (_, index) => index + 1));
      expect(log.history.pending.size).toBe(kept);
    }
  });

  test('openEventLog: a tail of zeros, and one longer than any line, are cut', async () => {
    for (const tail of [Buffer.alloc(5000), Buffer.alloc(3_000_000, 'x')]) {
      rmSync(path, { force: true });
      await write(queued('a'));
      appendFileSync(path, tail);
      await write(queued('b'));
      expect(seqs()).toEqual([1, 2]);
    }
  });

  test('openEventLog: garbage and a huge line in the middle are passed over', async () => {
    await write(queued('a'));
    appendFileSync(path, `garbage\n\0\0\0\n{"v":1}\n${'y'.repeat(4_000_000)}\n\n`);
    const log = await openEventLog(path);
    expect([...log.history.pending.keys()]).toEqual(['a']);
    expect(log.append(ended('a'))).toBe(2);
    log.close();
  });

  test('openEventLog: a link is moved aside, and what it leads to stays as it is', async () => {
    const secret = join(folder, 'secret');
    writeFileSync(secret, 'secret');
    symlinkSync(secret, path);
    await write(queued('a'));
    expect(readFileSync(secret, 'utf8')).toBe('secret');
    expect(lstatSync(path).isFile()).toBe(true);
    expect(seqs()).toEqual([1]);
  });

  test('openEventLog: a FIFO is moved aside and does not hold us', async () => {
    expect(Bun.spawnSync(['mkfifo', path], { timeout: 5000 }).exitCode).toBe(0);
    await write(queued('a'));
    expect(seqs()).toEqual([1]);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  test('openEventLog: what follows a failed write begins on a line of its own', async () => {
    await write(queued('a'));
    let room = 20;
    const full = (file: number, line: Buffer) => {
      if (room === 0) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      const part = line.subarray(0, room);
      room -= part.length;
      return writeSync(file, part);
    };
    const log = await openEventLog(path, { write: full });
    expect(() => log.append(queued('b'))).toThrow('ENOSPC');
    expect(() => log.append(queued('b'))).toThrow('ENOSPC');
    expect(seqs()).toEqual([1]);
    room = 1_000_000;
    expect(log.append(queued('b'))).toBe(2);
    log.close();
    expect(seqs()).toEqual([1, 2]);
  });

  test('openEventLog: syncs asked for together all resolve', async () => {
    const log = await openEventLog(path);
    const syncs = Array.from({ length: 20 }, (_, index) => {
      log.append(queued(`t${index}`));
      return log.sync();
    });
    await Promise.all(syncs);
    log.close();
    expect(seqs()).toHaveLength(20);
  });

  test('openEventLog: a file that shrank under us is appended to', async () => {
    const log = await openEventLog(path);
    log.append(queued('a'));
    truncateSync(path, 0);
    log.append(queued('b'));
    log.close();
    expect(existsSync(path)).toBe(true);
    expect(seqs()).toEqual([2]);
  });
});
