import { describe, expect, test } from 'bun:test';
import type { Signal } from './translate.ts';
import { createTurnTracker } from './turn-tracker.ts';

const OURS = 'ours';
const result = (turns: string[], unprompted = false): Signal => ({
  type: 'result',
  turns,
  unprompted,
  end: { outcome: 'completed' },
});
const life = (turn: string, state: 'started' | 'completed' | 'cancelled'): Signal => ({
  type: 'turn',
  turn,
  state,
});

/** The steps that the signals lead to, with a star where the agent speaks for the turn. */
function follow(signals: Signal[], rerun = false): string[] {
  const tracker = createTurnTracker({ ids: [OURS], rerun });
  return signals.map((signal) => tracker.read(signal).type + (tracker.answering ? '*' : ''));
}

describe('createTurnTracker', () => {
  test('createTurnTracker: a plain turn', () => {
    const signals = [life(OURS, 'started'), { type: 'run' } as const, result([OURS])];
    expect(follow(signals)).toEqual(['none*', 'none*', 'ended']);
  });
  test('createTurnTracker: a background run before it', () => {
    const signals = [{ type: 'run' } as const, result([], true), life(OURS, 'started'), result([OURS])];
    expect(follow(signals)).toEqual(['none', 'none', 'none*', 'ended']);
  });
  test("createTurnTracker: another turn's result, and one of nobody before it began", () => {
    expect(follow([result(['other']), result([])])).toEqual(['none', 'none']);
  });
  test('createTurnTracker: taken into the run of a background task', () => {
    const signals = [{ type: 'answering' as const, turns: ['x', OURS] }, result(['x', OURS], false)];
    expect(follow(signals)).toEqual(['none*', 'ended']);
  });
  test('createTurnTracker: an error without ids while it answers', () => {
    expect(follow([life(OURS, 'started'), result([])])).toEqual(['none*', 'ended']);
  });
  test('createTurnTracker: done without a result', () => {
    expect(follow([life(OURS, 'completed')])).toEqual(['dropped']);
    expect(follow([life(OURS, 'started'), life(OURS, 'cancelled')])).toEqual(['none*', 'dropped*']);
  });
  test('createTurnTracker: a rerun speaks under another id from its begin on', () => {
    const signals = [
      life('other', 'started'),
      life(OURS, 'completed'),
      { type: 'run' } as const,
      result([OURS]),
    ];
    expect(follow(signals, true)).toEqual(['none*', 'dropped*', 'none*', 'ended']);
    expect(follow(signals, false)).toEqual(['none', 'dropped', 'none', 'ended']);
  });
});
