import type { Signal, TurnEnd } from './translate.ts';

export type Step =
  | { type: 'none' }
  /** The turn is over. */
  | { type: 'ended'; end: TurnEnd }
  /** The agent says that it is done with the turn, and sent no result: unless one is on its way, none will come. */
  | { type: 'dropped'; end: TurnEnd };

/** Follows one turn through the agent's messages: runs of background tasks come in between and must not end it. */
export interface TurnTracker {
  /** What is said now belongs to the turn. */
  readonly answering: boolean;
  read(signal: Signal): Step;
}

export interface TrackerOptions {
  /** The messages by which the agent knows the turn. */
  ids: readonly string[];
  /**
   * The agent was told to go on with the turn by itself. It then runs under another message's id until its first reply
   * names ours, and calls the copy of the turn that it was handed "completed" at any time, even before it begins.
   */
  rerun: boolean;
}

export function createTurnTracker({ ids, rerun }: TrackerOptions): TurnTracker {
  let answering = false;
  const isOurs = (turns: readonly string[]) => turns.some((turn) => ids.includes(turn));
  return {
    get answering() {
      return answering;
    },
    read(signal) {
      switch (signal.type) {
        case 'run':
          if (rerun) answering = true;
          return { type: 'none' };
        case 'answering':
          if (isOurs(signal.turns)) answering = true;
          return { type: 'none' };
        case 'result': {
          const ours = isOurs(signal.turns) || (answering && signal.turns.length === 0 && !signal.unprompted);
          answering = false;
          return ours ? { type: 'ended', end: signal.end } : { type: 'none' };
        }
        case 'turn':
          if (signal.state === 'started' && (rerun || isOurs([signal.turn]))) answering = true;
          if (signal.state === 'started' || !isOurs([signal.turn])) return { type: 'none' };
          return { type: 'dropped', end: getEndWithoutResult(signal.state) };
        case 'retry':
          return { type: 'none' };
      }
    },
  };
}

function getEndWithoutResult(state: 'completed' | 'cancelled'): TurnEnd {
  return state === 'completed'
    ? { outcome: 'completed', reason: 'the agent gave no result' }
    : { outcome: 'failed', reason: 'the agent dropped it without saying why' };
}
