import type { SubstrateKind } from '@cspace/protocol/sandbox';
import type { ImageProvider } from '../sandbox/house.ts';
import { rejectOnAbort } from '../system/abort.ts';

type Result = { tag: string; built: boolean };
type EnsureOptions = Parameters<ImageProvider['ensure']>[0];
interface Running {
  result: Promise<Result>;
  listeners: Set<(message: string) => void>;
  abort: AbortController;
}

/**
 * One build at a time for each substrate: who comes while it runs shares it, hears its progress and its failure. It is
 * given up only when nobody waits for it any more.
 */
export function createImageProvider({
  build,
}: {
  build: (options: EnsureOptions) => Promise<Result>;
}): ImageProvider {
  const running = new Map<SubstrateKind, Running>();

  function begin({ substrate, force }: EnsureOptions): Running {
    const listeners = new Set<(message: string) => void>();
    const abort = new AbortController();
    const onProgress = (message: string) => {
      for (const listener of listeners) listener(message);
    };
    const result = build({ substrate, force, signal: abort.signal, onProgress }).finally(() => {
      running.delete(substrate);
    });
    const begun = { result, listeners, abort };
    running.set(substrate, begun);
    return begun;
  }

  return {
    async ensure(options) {
      const { substrate, signal, onProgress } = options;
      // One that was given up is still being taken down: it is not ours to share.
      for (let given = running.get(substrate); given?.abort.signal.aborted; given = running.get(substrate)) {
        await given.result.catch(() => undefined);
      }
      signal.throwIfAborted();
      const mine = running.get(substrate) ?? begin(options);
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
