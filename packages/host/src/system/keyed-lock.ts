import { rejectOnAbort } from './abort.ts';

/** One holder per key at a time, the others in the order they came. */
export interface KeyedLock {
  /** Waits for its turn; rejects with the signal's reason when that comes first. */
  acquire(key: string, signal: AbortSignal): Promise<() => void>;
  isHeld(key: string): boolean;
}

export function createKeyedLock(): KeyedLock {
  const tails = new Map<string, Promise<void>>();
  return {
    isHeld: (key) => tails.has(key),
    async acquire(key, signal) {
      const before = tails.get(key);
      let release = () => {};
      const mine = new Promise<void>((resolve) => {
        release = resolve;
      });
      const tail = (before ?? Promise.resolve()).then(() => mine);
      tails.set(key, tail);
      const free = () => {
        release();
        if (tails.get(key) === tail) tails.delete(key);
      };
      try {
        await Promise.race([before, rejectOnAbort(signal)]);
        signal.throwIfAborted();
      } catch (error) {
        // Those behind still wait for those before us: our place falls away only after theirs.
        void (before ?? Promise.resolve()).then(free);
        throw error;
      }
      return free;
    },
  };
}
