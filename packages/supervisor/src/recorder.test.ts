import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEvent } from '@cspace/protocol/event';
import type { NewEvent } from './event-line.ts';
import { openEventLog } from './event-log.ts';
import { createRecorder } from './recorder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-recorder-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const said = (text: string): NewEvent => ({ type: 'turn.text', session: null, data: { text } });
const end: NewEvent = { type: 'turn.ended', session: null, turn: 't', data: { outcome: 'completed' } };
const never = new AbortController().signal;

async function createFullDisk() {
  const path = join(folder, 'events.ndjson');
  const disk = { isFull: true };
  const log = await openEventLog(path, {
    write: (file, line) => {
      if (disk.isFull) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      return writeSync(file, line);
    },
  });
  const read = () => readFileSync(path, 'utf8').split('\n').slice(0, -1).map(parseEvent);
  return { disk, log, read, recorder: createRecorder(log, 10) };
}

test('createRecorder: events wait for room on the disk, in order, and settle waits for them', async () => {
  const { disk, log, read, recorder } = await createFullDisk();
  recorder.record(said('one'));
  recorder.record(end);
  expect(recorder.trouble).toContain('ENOSPC');
  let isSettled = false;
  const settled = recorder.settle(never).then(() => {
    isSettled = true;
  });
  await Bun.sleep(50);
  expect(isSettled).toBe(false);
  disk.isFull = false;
  await settled;
  expect(recorder.trouble).toBeUndefined();
  expect(read().map((each) => [each?.seq, each?.type])).toEqual([
    [1, 'turn.text'],
    [2, 'turn.ended'],
  ]);
  recorder.close();
  log.close();
});

test('createRecorder: keeps a bounded number of texts, and every end', async () => {
  const { disk, log, read, recorder } = await createFullDisk();
  for (let i = 0; i < 2000; i += 1) recorder.record(i % 100 === 0 ? end : said(`${i}`));
  disk.isFull = false;
  await recorder.settle(never);
  const kept = read();
  expect(kept.filter((each) => each?.type === 'turn.ended')).toHaveLength(20);
  expect(kept.length).toBeLessThan(600);
  recorder.close();
  log.close();
});

test('createRecorder: settle ends with its signal', async () => {
  const { log, recorder } = await createFullDisk();
  recorder.record(end);
  await expect(recorder.settle(AbortSignal.timeout(30))).rejects.toThrow();
  recorder.close();
  log.close();
});
