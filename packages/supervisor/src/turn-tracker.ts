import type { Signal, TurnEnd } from './translate.ts';

export type Step =
  | { type: 'none' }
  /** The turn is over. */
  | { type: 'ended'; end: TurnEnd }
  /** The agent is done with the turn and sent no result: none is to come, unless it is on its way. */
  | { type: 'maybe-ended'; end: TurnEnd };

/** Follows one turn through the agent's messages: runs of background tasks come in between and must not end it. */
export interface TurnTracker {
  /** What is said now belongs to the turn. */
  readonly answering: boolean;
  read(signal: Signal): Step;
}

/**
 * `rerun`: the agent was told to go on with this turn by itself. It then answers under another message's id until its
 * first reply names ours.
 */
export function createTurnTracker(turn: string, rerun: boolean): TurnTracker {
  let answering = false;
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
          if (signal.turns.includes(turn)) answering = true;
          return { type: 'none' };
        case 'result': {
          const ours =
            signal.turns.includes(turn) || (answering && signal.turns.length === 0 && !signal.unprompted);
          answering = false;
          return ours ? { type: 'ended', end: signal.end } : { type: 'none' };
        }
        case 'turn':
          if (signal.turn !== turn) return { type: 'none' };
          if (signal.state === 'started') {
            answering = true;
            return { type: 'none' };
          }
          // The copy of a turn that the agent goes on with is set aside until its result is out, and then "completed".
          if (rerun && answering) return { type: 'none' };
          return { type: 'maybe-ended', end: getEndWithoutResult(signal.state) };
        case 'retry':
          return { type: 'none' };
      }
    },
  };
}

/** `completed` without a result: the agent had answered before it was cut off, and does not do so twice. */
function getEndWithoutResult(state: 'completed' | 'cancelled'): TurnEnd {
  return state === 'completed'
    ? { outcome: 'completed', reason: 'it was answered before a crash' }
    : { outcome: 'failed', reason: 'the agent dropped it without saying why' };
}
