import type { Span, UpEvent } from '@cspace/protocol/daemon-api';

/** Tells the client what goes on; the two kinds of event that an `up` has besides its end. */
export interface UpReporter {
  progress(step: string, message: string): void;
  /** Runs `work` and reports how long it took, whatever comes of it; by the name that `rename` gives to what came. */
  span<T>(span: Span, work: () => Promise<T>, rename?: (result: T) => Span): Promise<T>;
}

export function createReporter(
  emit: (event: UpEvent) => void,
  now: () => number = () => performance.now(),
): UpReporter {
  const origin = now();
  return {
    progress: (step, message) => emit({ type: 'progress', step, message }),
    async span(given, work, rename) {
      const start = now();
      let span = given;
      try {
        const result = await work();
        span = rename?.(result) ?? given;
        return result;
      } finally {
        const end = now();
        emit({ type: 'span', span, startMs: round(start - origin), durationMs: round(end - start) });
      }
    },
  };
}

const round = (ms: number) => Math.round(ms * 10) / 10;
