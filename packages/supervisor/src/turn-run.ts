import type { LiveAgent } from './agent-keeper.ts';
import { startStallTimer } from './stall-timer.ts';
import { CONTINUE, type TurnState } from './transcript.ts';
import type { Signal, TurnEnd } from './translate.ts';
import { createTurnTracker } from './turn-tracker.ts';
import type { QueuedTurn } from './turns.ts';

export type Ending = { type: 'ended'; end: TurnEnd } | { type: 'lost'; reason: string } | { type: 'stalled' };

/** One turn on one agent. */
export interface TurnRun {
  readonly turn: QueuedTurn;
  /** What the agent says now belongs to the turn. */
  readonly answering: boolean;
  /** Hears what each of the agent's messages says about turns. */
  read(signals: readonly Signal[]): void;
  /** Hands the turn over and resolves with whatever ends it; the signal ends it as lost. */
  finish(signal: AbortSignal): Promise<Ending>;
}

export interface TurnRunOptions {
  turn: QueuedTurn;
  live: LiveAgent;
  /** How far an agent got with it before; undefined for a new turn. */
  state: Exclude<TurnState, { type: 'ended' }> | undefined;
  stallMs: number;
}

/** What is on its way comes within milliseconds: a result, or the begin of a run that goes on with the turn. */
const GRACE_MS = 3000;

export function createTurnRun({ turn, live, state, stallMs }: TurnRunOptions): TurnRun {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const wasCutOff = state?.type === 'cut-off';
  let rerun = wasCutOff && !state.continued;
  let tracker = createTurnTracker({ ids: [turn.id], rerun });
  const stall = startStallTimer(stallMs, () => resolve({ type: 'stalled' }));

  /** In words, where Claude Code does not go on by itself. The turn's own id it would not take a second time. */
  const goOn = () => {
    const id = crypto.randomUUID();
    rerun = false;
    tracker = createTurnTracker({ ids: [turn.id, id], rerun });
    live.agent.push({ id, text: CONTINUE });
  };
  const onDropped = (end: TurnEnd) => {
    if (!rerun) resolve({ type: 'ended', end });
    else if (!tracker.answering) goOn();
  };

  return {
    turn,
    get answering() {
      return tracker.answering;
    },
    read(signals) {
      stall.touch();
      for (const signal of signals) {
        const step = tracker.read(signal);
        if (step.type === 'ended') resolve(step);
        if (step.type === 'dropped') setTimeout(onDropped, GRACE_MS, step.end);
      }
    },
    async finish(signal) {
      const onAbort = () => resolve({ type: 'lost', reason: 'stopping' });
      signal.addEventListener('abort', onAbort);
      void live.agent.exited.then((reason) => resolve({ type: 'lost', reason }));
      if (wasCutOff && !rerun) goOn();
      // Where it goes on by itself this is a copy, by whose fate we see whether it does.
      else live.agent.push(turn);
      try {
        return await promise;
      } finally {
        stall.stop();
        signal.removeEventListener('abort', onAbort);
      }
    },
  };
}
