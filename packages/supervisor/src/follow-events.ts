import { createReadStream } from 'node:fs';
import { MAX_EVENT_BYTES } from '@cspace/protocol/event';
import { createDeferred } from './deferred.ts';
import type { EventLog } from './event-log.ts';
import { readLines } from './lines.ts';

const SEQ = /^\{"v":1,"seq":(\d{1,16}),/;

/**
 * The lines of a log after event `after`, then each new one as it is appended, until the signal. Read from the file, so
 * that a slow reader costs no memory.
 */
export async function* followEvents(
  log: EventLog,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  let position = 0;
  let news = createDeferred<void>();
  const wake = () => news.resolve();
  const unsubscribe = log.onAppend(wake);
  signal.addEventListener('abort', wake);
  try {
    while (!signal.aborted) {
      news = createDeferred();
      const from = position;
      const stream = createReadStream(log.path, { start: from });
      for await (const line of readLines(stream, MAX_EVENT_BYTES + 1)) {
        if (signal.aborted) return;
        position = from + line.end;
        const seq = SEQ.exec(line.text)?.[1];
        if (seq !== undefined && Number(seq) > after) yield line.text;
      }
      await news.promise;
    }
  } finally {
    unsubscribe();
    signal.removeEventListener('abort', wake);
  }
}
