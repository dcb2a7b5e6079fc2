import { describe, expect, test } from 'bun:test';
import type { SandboxEvent } from '@cspace/protocol/event';
import type { NewEvent } from './event-line.ts';
import { addEvent, createHistory, type History } from './history.ts';

const queued = (turn: string): NewEvent => ({
  type: 'turn.queued',
  session: null,
  turn,
  data: { text: turn },
});
const started = (turn: string): NewEvent => ({
  type: 'turn.started',
  session: 's',
  turn,
  data: { attempt: 1 },
});
const ended = (turn: string): NewEvent => ({
  type: 'turn.ended',
  session: 's',
  turn,
  data: { outcome: 'completed' },
});
const exited = (expected: boolean): NewEvent => ({
  type: 'agent.exited',
  session: 's',
  data: { reason: 'r', expected },
});
const up: NewEvent = {
  type: 'supervisor.started',
  session: 's',
  data: { version: '1', protocol: 1, pid: 1 },
};
const reset: NewEvent = { type: 'agent.reset', session: null, data: { from: 's', reason: 'r' } };

function read(...events: NewEvent[]): History {
  const history = createHistory();
  events.forEach((event, index) => {
    addEvent(history, { v: 1, seq: index + 1, at: '2026-01-01', ...event } as SandboxEvent);
  });
  return history;
}
const downs = (...events: NewEvent[]) => read(queued('a'), ...events).pending.get('a')?.downs;

describe('addEvent', () => {
  test('addEvent: what was queued and has not ended, in order', () => {
    const history = read(queued('a'), queued('b'), started('a'), queued('c'), ended('a'));
    expect([...history.pending.keys()]).toEqual(['b', 'c']);
    expect([...history.known.keys()]).toEqual(['a', 'b', 'c']);
    expect(history.seq).toBe(5);
  });
  test('addEvent: a forged second queueing does not bring a turn back', () => {
    expect(read(queued('a'), ended('a'), queued('a')).pending.size).toBe(0);
  });
  test('addEvent: what counts as going down', () => {
    expect(downs()).toBe(0);
    expect(downs(started('a'))).toBe(1);
    expect(downs(started('a'), up)).toBe(1);
    expect(downs(started('a'), exited(false))).toBe(1);
    expect(downs(started('a'), exited(true))).toBe(0);
    expect(downs(started('a'), exited(true), up, started('a'), exited(true))).toBe(0);
    expect(downs(started('a'), up, started('a'))).toBe(2);
    // The stop of an agent that did not have the turn takes nothing back.
    expect(downs(started('a'), exited(false), exited(true))).toBe(1);
    expect(downs(started('a'), up, exited(true))).toBe(1);
  });
  test('addEvent: the latest session, and whether it was used', () => {
    expect(read(started('a'))).toMatchObject({ session: 's', sessionUsed: false });
    expect(read(ended('a'))).toMatchObject({ session: 's', sessionUsed: true });
    expect(read(ended('a'), reset)).toMatchObject({ session: null, sessionUsed: false });
    const other: NewEvent = { type: 'agent.started', session: 'n', data: { model: null, practice: false } };
    expect(read(ended('a'), other)).toMatchObject({ session: 'n', sessionUsed: false });
  });
});
