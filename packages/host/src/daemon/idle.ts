export interface IdleTimer {
  /** Something was asked: the time starts anew when it is answered. */
  begin(): () => void;
  /** Looks again whether there is work; called when a sandbox started or ended. */
  touch(): void;
  /** Seconds until the end; null while there is work. */
  getRemainingSeconds(): number | null;
  stop(): void;
}

export interface IdleOptions {
  idleSeconds: number;
  /** Sandboxes run, or are being made: no idleness. */
  isBusy(): boolean;
  onIdle(): void;
  /** Monotonic milliseconds: a jump of the wall clock is no idleness. */
  now?: () => number;
}

/** Ends the daemon when nothing ran and nothing was asked for a while. */
export function createIdleTimer(options: IdleOptions): IdleTimer {
  const now = options.now ?? (() => performance.now());
  let open = 0;
  let since = now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const isIdle = () => open === 0 && !options.isBusy();
  const getRemainingMs = () => Math.max(0, options.idleSeconds * 1000 - (now() - since));

  function schedule() {
    clearTimeout(timer);
    if (!isIdle()) return;
    timer = setTimeout(() => {
      if (!isIdle()) return;
      // A timer may fire early by the grain of the clock.
      if (getRemainingMs() > 1) schedule();
      else options.onIdle();
    }, getRemainingMs());
  }

  function touch() {
    since = now();
    schedule();
  }

  schedule();
  return {
    begin() {
      open++;
      clearTimeout(timer);
      let done = false;
      return () => {
        if (done) return;
        done = true;
        open--;
        touch();
      };
    },
    touch,
    getRemainingSeconds: () => (options.isBusy() ? null : Math.ceil(getRemainingMs() / 1000)),
    stop: () => clearTimeout(timer),
  };
}
