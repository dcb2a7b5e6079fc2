import { setTimeout as delay } from 'node:timers/promises';
import type { Delivery } from './answer.ts';
import { encodeEvent, type StreamEvent, toEvent } from './sse.ts';

/** Sends events as a response body at the pace that `delivery` asks for; a client that leaves ends every wait. */
export function createEventStream(
  events: readonly StreamEvent[],
  delivery: Delivery = {},
): ReadableStream<Uint8Array> {
  const gone = new AbortController();
  const encoder = new TextEncoder();
  const parts = getParts(events, delivery, gone.signal);
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const part = await parts.next();
        if (part.done) controller.close();
        else controller.enqueue(encoder.encode(part.value));
      } catch (error) {
        controller.error(error);
      }
    },
    cancel() {
      gone.abort();
    },
  });
}

async function* getParts(
  events: readonly StreamEvent[],
  delivery: Delivery,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const { deltaEveryMs = 0, stallAfterDeltas, stallMs = 0, cutAfterDeltas, errorAfterDeltas } = delivery;
  let deltas = 0;
  for (const event of events) {
    if (event.event === 'content_block_delta') {
      if (deltas === cutAfterDeltas) return;
      if (deltas === errorAfterDeltas) return yield encodeEvent(getErrorEvent());
      if (deltas === stallAfterDeltas) await delay(stallMs, undefined, { signal });
      if (deltaEveryMs > 0) await delay(deltaEveryMs, undefined, { signal });
      deltas += 1;
    }
    yield encodeEvent(event);
  }
}

const getErrorEvent = () =>
  toEvent('error', { error: { type: 'overloaded_error', message: 'Overloaded, as the script says' } });
