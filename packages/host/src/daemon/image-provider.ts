import type { ImageProvider } from '../sandbox/house.ts';
import { rejectOnAbort } from '../system/abort.ts';

type Result = { tag: string; built: boolean };
type EnsureOptions = Parameters<ImageProvider['ensure']>[0];

/**
 * One build at a time: who comes while it runs shares it, hears its progress and its failure. It is given up only when
 * nobody waits for it any more.
 */
export function createImageProvider({
  build,
}: {
  build: (options: EnsureOptions) => Promise<Result>;
}): ImageProvider {
  let running:
    | { result: Promise<Result>; listeners: Set<(message: string) => void>; abort: AbortController }
    | undefined;

  function begin(force: boolean) {
    const listeners = new Set<(message: string) => void>();
    const abort = new AbortController();
    const onProgress = (message: string) => {
      for (const listener of listeners) listener(message);
    };
    const result = build({ force, signal: abort.signal, onProgress }).finally(() => {
      running = undefined;
    });
    return { result, listeners, abort };
  }

  return {
    async ensure({ force, signal, onProgress }) {
      // One that was given up is still being taken down: it is not ours to share.
      while (running?.abort.signal.aborted) await running.result.catch(() => undefined);
      signal.throwIfAborted();
      running ??= begin(force);
      const mine = running;
      mine.listeners.add(onProgress);
      const leave = () => {
        mine.listeners.delete(onProgress);
        if (mine.listeners.size === 0) mine.abort.abort(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      try {
        return await Promise.race([mine.result, rejectOnAbort(signal)]);
      } finally {
        signal.removeEventListener('abort', leave);
        mine.listeners.delete(onProgress);
      }
    },
  };
}
