import type { NewEvent } from './event-line.ts';
import type { EventLog } from './event-log.ts';

/** Keeps events in order while the disk takes none. */
export interface Recorder {
  /** Writes the event, or keeps it for when the disk has room again. Never throws. */
  record(event: NewEvent): void;
  /** Resolves when all that was recorded is on disk; rejects only with the signal's reason. */
  settle(signal: AbortSignal): Promise<void>;
  /** Why events wait; undefined where none do. */
  readonly trouble: string | undefined;
  close(): void;
}

interface Waiting {
  event: NewEvent;
  at: Date;
}

const RETRY_MS = 500;
/** What an agent says while the disk is full is dropped beyond this; how its turns end never is. */
const MAX_WAITING = 500;

export function createRecorder(log: EventLog, retryMs = RETRY_MS): Recorder {
  let waiting: Waiting[] = [];
  let trouble: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  const flush = () => {
    timer = undefined;
    try {
      for (let first = waiting[0]; first; first = waiting[0]) {
        log.append(first.event, first.at);
        waiting.shift();
      }
      trouble = undefined;
    } catch (error) {
      trouble = `events cannot be written: ${error instanceof Error ? error.message : String(error)}`;
      if (!closed) timer = setTimeout(flush, retryMs);
    }
  };

  return {
    record(event) {
      waiting.push({ event, at: new Date() });
      if (waiting.length > MAX_WAITING) waiting = waiting.filter((each) => !isChatter(each.event));
      if (timer === undefined) flush();
    },
    async settle(signal) {
      for (;;) {
        signal.throwIfAborted();
        if (waiting.length === 0) {
          try {
            return await log.sync();
          } catch (error) {
            trouble = `events cannot be made safe: ${error instanceof Error ? error.message : String(error)}`;
          }
        }
        await Bun.sleep(retryMs);
      }
    },
    get trouble() {
      return trouble;
    },
    close() {
      closed = true;
      clearTimeout(timer);
      flush();
    },
  };
}

const isChatter = (event: NewEvent): boolean =>
  event.type === 'turn.text' || event.type === 'turn.tool_call' || event.type === 'turn.tool_result';
