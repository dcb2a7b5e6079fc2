import { stat } from 'node:fs/promises';
import { readEvents } from '../events/read-events.ts';
import type { SessionEvents } from './sandbox-api.ts';

/** Events as they stand on the host: no daemon is needed. */
export function createHostEvents(path: string): SessionEvents {
  return {
    read: (options) => readEvents(path, options),
    async tail() {
      // Where the next event will be written: what comes before need not be read.
      const fromOffset = (await stat(path).catch(() => undefined))?.size ?? 0;
      return (signal) => readEvents(path, { fromOffset, follow: true, signal });
    },
  };
}
