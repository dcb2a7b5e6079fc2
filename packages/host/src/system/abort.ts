/** Never resolves; rejects with the signal's reason once it is aborted. For a race with something that cannot be aborted. */
export function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Ends early, without an error, where the signal comes, and at once where it came before. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  // Its event comes once, and is over.
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
