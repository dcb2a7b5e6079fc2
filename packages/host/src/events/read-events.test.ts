import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_EVENT_BYTES } from '@cspace/protocol/event';
import { type ReadOptions, readEvents } from './read-events.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cspace-events-'));
  path = join(folder, 'events.ndjson');
});
afterEach(() => rm(folder, { recursive: true }));

function line(seq: number, text = 'hello') {
  return `${JSON.stringify({ v: 1, seq, at: '', session: null, type: 'turn.text', data: { text } })}\n`;
}

async function readSeqs(options: Partial<ReadOptions> = {}) {
  const seqs: number[] = [];
  for await (const event of readEvents(path, { follow: false, ...options })) seqs.push(event.seq);
  return seqs;
}

describe('readEvents', () => {
  test('reads every event in order', async () => {
    await writeFile(path, line(1) + line(2) + line(3));
    expect(await readSeqs()).toEqual([1, 2, 3]);
  });

  test('after leaves out what was seen', async () => {
    await writeFile(path, line(1) + line(2) + line(3));
    expect(await readSeqs({ after: 2 })).toEqual([3]);
  });

  test('no file is no events', async () => {
    expect(await readSeqs()).toEqual([]);
  });

  test('garbage, NUL and a torn last line are left out', async () => {
    await writeFile(path, `${line(1)}\0\0\0\n{"seq":\n[]\n"x"\n${line(2)}${line(3).slice(0, 20)}`);
    expect(await readSeqs()).toEqual([1, 2]);
  });

  test('a line longer than the protocol allows is skipped, the next one read', async () => {
    await writeFile(path, line(1) + line(2, 'x'.repeat(3 * MAX_EVENT_BYTES)) + line(3));
    expect(await readSeqs()).toEqual([1, 3]);
  });

  test('a symbolic link in its place is not followed', async () => {
    await writeFile(join(folder, 'secret'), line(1));
    await symlink(join(folder, 'secret'), path);
    expect(await readSeqs()).toEqual([]);
  });

  test('a FIFO in its place does not block', async () => {
    execFileSync('mkfifo', [path]);
    expect(await readSeqs()).toEqual([]);
  });

  test('follow sees a file made later, lines in pieces, and ends with the signal', async () => {
    const abort = new AbortController();
    const seqs: number[] = [];
    const reading = (async () => {
      for await (const event of readEvents(path, { follow: true, signal: abort.signal })) {
        seqs.push(event.seq);
        if (event.seq === 3) abort.abort();
      }
    })();
    await Bun.sleep(20);
    await writeFile(path, line(1));
    for (const piece of [line(2).slice(0, 9), line(2).slice(9), line(3)]) {
      await Bun.sleep(20);
      await appendFile(path, piece);
    }
    await reading;
    expect(seqs).toEqual([1, 2, 3]);
  });
});
