import { ProblemError } from '@cspace/protocol/problem';
import type { SlotLimits } from './limits.ts';

/** Bounds what one caller can hold of the daemon, so that the others are still served. */
export interface Slots {
  /** Returns how to give it back. Throws `too-many-requests`. */
  take(caller: string): () => void;
}

export function createSlots(what: string, { perCaller, total }: SlotLimits): Slots {
  const taken = new Map<string, number>();
  let all = 0;
  return {
    take(caller) {
      const mine = taken.get(caller) ?? 0;
      if (mine >= perCaller || all >= total) {
        throw new ProblemError({
          code: 'too-many-requests',
          message: `too many ${what} at the same time`,
          why: mine >= perCaller ? `${perCaller} is the most for one caller` : `${total} is the most for all`,
          fix: 'let some of them end first',
        });
      }
      taken.set(caller, mine + 1);
      all += 1;
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        all -= 1;
        const left = (taken.get(caller) ?? 1) - 1;
        if (left === 0) taken.delete(caller);
        else taken.set(caller, left);
      };
    },
  };
}
