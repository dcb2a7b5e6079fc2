import type { IncomingMessage, ServerResponse } from 'node:http';
import { rejectOnAbort } from '../../system/abort.ts';
import type { Incoming } from './admission.ts';

/** What `getRefusal` looks at. */
export function getIncoming(message: IncomingMessage): Incoming {
  return {
    method: message.method ?? '',
    target: message.url ?? '',
    hosts: getValues(message, 'host'),
    origin: getValues(message, 'origin')[0],
    site: getValues(message, 'sec-fetch-site')[0],
  };
}

/** Node keeps only the first of some headers that come twice: as they came. */
function getValues({ rawHeaders }: IncomingMessage, name: string): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name);
}

/** The message as a request of the web's kind, its body read as it is asked for. */
export function toRequest(message: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers();
  const { rawHeaders } = message;
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '');
  const url = `http://${headers.get('host')}${message.url}`;
  if (message.method !== 'POST')
    return new Request(url, { method: message.method ?? 'GET', headers, signal });
  const chunks = message[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(new Uint8Array(value as Buffer));
    },
  });
  return new Request(url, { method: 'POST', headers, signal, body });
}

/** What every answer carries. None is for another origin's page, nor for a cache. */
const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
};

export interface SendOptions {
  /** The reader takes nothing for now (true), or did again. */
  onWait(waits: boolean): void;
  /** The reader went away; it may have, before there is anything to send. */
  signal: AbortSignal;
}

/** Sends the answer as fast as its reader takes it. Rejects where the reader went away, or the answer's source failed. */
export async function sendResponse(
  message: ServerResponse,
  response: Response,
  { onWait, signal }: SendOptions,
): Promise<void> {
  const reader = response.body?.getReader();
  const gone = rejectOnAbort(signal);
  gone.catch(() => undefined);
  try {
    signal.throwIfAborted();
    message.writeHead(response.status, { ...Object.fromEntries(response.headers), ...HEADERS });
    message.flushHeaders();
    while (reader) {
      // With much to read the first of the two would always win: that one is the end.
      const next = await Promise.race([gone, reader.read()]);
      if (next.done) break;
      if (message.write(next.value)) continue;
      onWait(true);
      await Promise.race([gone, waitForDrain(message)]);
      onWait(false);
    }
    message.end();
  } catch (error) {
    await reader?.cancel(error).catch(() => undefined);
    throw error;
  }
}

const waitForDrain = (message: ServerResponse) =>
  new Promise<void>((resolve) => message.once('drain', () => resolve()));
