import type { EventsQuery } from '@cspace/protocol/http-api';
import { readEvents } from '../../events/read-events.ts';
import { openRegularFile } from '../../system/files.ts';

export interface EventStreamOptions {
  /** `events.ndjson` on the host, where the guest writes. */
  path: string;
  query: EventsQuery;
  /** The client, or the daemon, leaves. */
  signal: AbortSignal;
  onEnd(): void;
}

/** The events of a session as lines of JSON, read as fast as the client takes them. */
export async function streamSandboxEvents(options: EventStreamOptions): Promise<Response> {
  const { path, query, signal, onEnd } = options;
  try {
    const fromEnd = query.after === 'end';
    const events = readEvents(path, {
      follow: query.follow === '1',
      signal,
      ...(fromEnd ? { fromOffset: await getSize(path) } : { after: Number(query.after ?? 0) }),
    });
    const encoder = new TextEncoder();
    const end = async () => {
      await events.return(undefined);
      onEnd();
    };
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          try {
            const { done, value } = await events.next();
            if (!done) return controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
            controller.close();
            onEnd();
          } catch (error) {
            await end();
            throw error;
          }
        },
        cancel: end,
      },
      { highWaterMark: 0 },
    );
    return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } });
  } catch (error) {
    onEnd();
    throw error;
  }
}

/** By the descriptor of a regular file: the guest may have put something else there. */
async function getSize(path: string): Promise<number> {
  const file = await openRegularFile(path);
  if (!file) return 0;
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}
