import { ProblemError } from '@cspace/protocol/problem';
import { MAX_TURN_BYTES, type SendRequest } from '@cspace/protocol/supervisor-api';
import { createDeferred, type Deferred } from './deferred.ts';
import { fitsUncut, type NewEvent } from './event-line.ts';
import type { EventLog } from './event-log.ts';
import { getDigest, type History, type PendingTurn, remember } from './history.ts';
import type { TurnEnd } from './translate.ts';

/** A turn that was accepted. */
export interface QueuedTurn extends PendingTurn {
  /** Resolves when it is on disk, rejects where it could not be put there. */
  readonly durable: Promise<void>;
  /** Somebody wants it stopped. */
  interrupted: boolean;
  /** Resolves when its end is on disk. */
  readonly over: Deferred<TurnEnd>;
}

/** The turns that wait, the running one first. Memory only: the log is the queue on disk. */
export interface TurnQueue {
  readonly size: number;
  head(): QueuedTurn | undefined;
  all(): QueuedTurn[];
  /**
   * Takes a turn in and resolves with its id when it is on disk. The same one again changes nothing; throws
   * `turn-conflict` for the same id with another text, `too-large`, and `failed` where the disk does not take it.
   */
  accept(request: SendRequest, session: string | null): Promise<string>;
  remove(id: string): void;
  /** Resolves when a turn waits; at once where one does, or when the signal fires. */
  waitForTurn(signal: AbortSignal): Promise<void>;
}

export function createTurnQueue(log: EventLog): TurnQueue {
  const { history } = log;
  const turns = new Map<string, QueuedTurn>();
  for (const turn of history.pending.values()) turns.set(turn.id, toQueued(turn, Promise.resolve()));
  let arrival = createDeferred<void>();

  return {
    get size() {
      return turns.size;
    },
    head: () => turns.values().next().value,
    all: () => [...turns.values()],
    async accept({ id = crypto.randomUUID(), text }, session) {
      if (checkKnown(history, id, text)) {
        await turns.get(id)?.durable.catch((error: unknown) => throwNotWritten(error));
        return id;
      }
      const event: NewEvent = { type: 'turn.queued', turn: id, session, data: { text } };
      checkSize(event, text);
      try {
        log.append(event);
      } catch (error) {
        throwNotWritten(error);
      }
      remember(history, id, text);
      const durable = log.sync();
      // Whoever runs the turn looks at it too.
      durable.catch(() => undefined);
      turns.set(id, toQueued({ id, text, downs: 0, started: false, running: false }, durable));
      arrival.resolve();
      await durable.catch((error: unknown) => throwNotWritten(error));
      return id;
    },
    remove: (id) => void turns.delete(id),
    async waitForTurn(signal) {
      if (turns.size > 0 || signal.aborted) return;
      if (arrival.settled) arrival = createDeferred();
      const { promise, resolve } = arrival;
      const onAbort = () => resolve();
      signal.addEventListener('abort', onAbort);
      await promise;
      signal.removeEventListener('abort', onAbort);
    },
  };
}

function toQueued(turn: PendingTurn, durable: Promise<void>): QueuedTurn {
  return { ...turn, durable, interrupted: false, over: createDeferred() };
}

/** Whether this very turn is known. Throws `turn-conflict` where another one has its id. */
function checkKnown(history: History, id: string, text: string): boolean {
  const digest = history.known.get(id);
  if (digest === undefined) return false;
  if (digest === getDigest(text)) return true;
  throw new ProblemError({
    code: 'turn-conflict',
    message: `turn ${id} was sent before, with another text`,
    fix: 'send it with a new id, or with none',
  });
}

function checkSize(event: NewEvent, text: string): void {
  const bytes = Buffer.byteLength(text);
  // Control characters take six bytes each in JSON: the line may be too long where the text is not.
  if (bytes <= MAX_TURN_BYTES && fitsUncut(event)) return;
  throw new ProblemError({
    code: 'too-large',
    message: `a turn holds at most ${MAX_TURN_BYTES} bytes, this one has ${bytes}`,
    fix: 'put it in a file of the clone and name the file',
  });
}

function throwNotWritten(error: unknown): never {
  throw new ProblemError(
    {
      code: 'failed',
      message: 'the turn could not be put on disk, so it was not accepted',
      why: error instanceof Error ? error.message : String(error),
    },
    { cause: error },
  );
}
