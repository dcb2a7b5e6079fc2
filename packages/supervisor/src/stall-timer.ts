/** Notices that nothing happens. */
export interface StallTimer {
  /** Something happened. */
  touch(): void;
  stop(): void;
}

const TICKS = 20;

/**
 * Calls `onStall` once, when `touch` was not called for about `ms`. It counts ticks instead of reading a clock: after a
 * pause of the whole sandbox (SIGSTOP, a laptop asleep) only one tick is late, and the agent gets its time in full.
 */
export function startStallTimer(ms: number, onStall: () => void): StallTimer {
  let quiet = 0;
  const timer = setInterval(() => {
    quiet += 1;
    if (quiet < TICKS) return;
    clearInterval(timer);
    onStall();
  }, ms / TICKS);
  return {
    touch() {
      quiet = 0;
    },
    stop: () => clearInterval(timer),
  };
}
