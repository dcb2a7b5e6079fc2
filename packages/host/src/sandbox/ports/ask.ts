import type { Duplex } from 'node:stream';
import { ProblemError } from '@cspace/protocol/problem';

/** What came back on one connection. */
export interface Answer {
  bytes: Buffer;
  /** The other side ended it, before or after `isEnough` held. */
  ended: boolean;
}

export interface Question {
  send: Uint8Array;
  /** Nothing more is waited for. */
  isEnough(bytes: Buffer): boolean;
  timeoutMs: number;
}

/** A guest may answer without end. */
const MAX_BYTES = 16 * 1024;

/**
 * Sends on a fresh connection and reads until it is enough, ended, too much or too late; that last is no failure. Throws
 * what `dial` throws where there is no connection to be had, and the reason of the signal.
 */
export async function ask(
  dial: (signal: AbortSignal) => Promise<Duplex>,
  { send, isEnough, timeoutMs }: Question,
  signal: AbortSignal,
): Promise<Answer> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const stream = await dial(until).catch((error) => {
    if (signal.aborted || !until.aborted) throw error;
    const why = `no connection within ${timeoutMs} ms`;
    throw new ProblemError({ code: 'failed', message: 'cannot connect', why }, { cause: error });
  });
  const chunks: Buffer[] = [];
  try {
    const answer = await new Promise<Answer>((resolve) => {
      const finish = (ended: boolean) => resolve({ bytes: Buffer.concat(chunks), ended });
      stream.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        const bytes = Buffer.concat(chunks);
        if (bytes.length >= MAX_BYTES || isEnough(bytes)) finish(false);
      });
      // An error here is the other side's way to end it.
      for (const event of ['end', 'close', 'error']) stream.on(event, () => finish(true));
      until.addEventListener('abort', () => finish(false), { once: true });
      if (until.aborted) finish(false);
      else stream.write(send);
    });
    signal.throwIfAborted();
    return answer;
  } finally {
    stream.destroy();
  }
}
