import { describe, expect, test } from 'bun:test';
import { MAX_EVENT_BYTES, parseEvent } from '@cspace/protocol/event';
import { fitsUncut, getEventLine, type NewEvent } from './event-line.ts';

const AT = '2026-01-01T00:00:00.000Z';
const text = (length: number, raw?: unknown): NewEvent => ({
  type: 'turn.text',
  session: null,
  turn: 't',
  data: { text: 'x'.repeat(length) },
  ...(raw === undefined ? {} : { raw }),
});
const read = (event: NewEvent) => {
  const line = getEventLine(event, 1, AT);
  expect(line.length).toBeLessThanOrEqual(MAX_EVENT_BYTES);
  expect(line.indexOf('\n')).toBe(line.length - 1);
  return parseEvent(line.toString());
};

describe('getEventLine', () => {
  test('getEventLine: what fits is whole', () => {
    const event = read(text(10, { a: 1 }));
    expect(event).toMatchObject({ v: 1, seq: 1, at: AT, data: { text: 'xxxxxxxxxx' }, raw: { a: 1 } });
    expect(event?.truncated).toBeUndefined();
  });
  test('getEventLine: the raw message goes first', () => {
    const event = read(text(1000, 'y'.repeat(MAX_EVENT_BYTES)));
    expect(event).toMatchObject({ truncated: true, data: { text: 'x'.repeat(1000) } });
    expect(event?.raw).toBeUndefined();
  });
  test('getEventLine: then a long text is cut', () => {
    const event = read(text(2 * MAX_EVENT_BYTES));
    expect(event?.truncated).toBe(true);
    expect(event).toMatchObject({ data: { text: 'x'.repeat(64 * 1024) } });
  });
  test('getEventLine: and a long input is dropped', () => {
    const input = { content: 'z'.repeat(2 * MAX_EVENT_BYTES) };
    const event = read({ type: 'turn.tool_call', session: 's', data: { id: 'i', name: 'Write', input } });
    expect(event).toMatchObject({ truncated: true, data: { id: 'i', name: 'Write', input: null } });
  });
  test('getEventLine: six bytes a character, and halves of characters', () => {
    const event = read({
      type: 'turn.text',
      session: null,
      data: { text: '\u0001\ud83d'.repeat(MAX_EVENT_BYTES) },
    });
    expect(event?.truncated).toBe(true);
  });
  test('getEventLine: exactly the longest', () => {
    const room = MAX_EVENT_BYTES - getEventLine(text(0), 1, AT).length;
    expect(read(text(room))?.truncated).toBeUndefined();
    expect(read(text(room + 1))?.truncated).toBe(true);
  });
});

describe('fitsUncut', () => {
  const queued = (data: string): NewEvent => ({ type: 'turn.queued', session: null, data: { text: data } });
  test('fitsUncut: 256 KiB do, as control characters they do not', () => {
    expect(fitsUncut(queued('x'.repeat(256 * 1024)))).toBe(true);
    expect(fitsUncut(queued('\u0001'.repeat(256 * 1024)))).toBe(false);
    expect(fitsUncut(queued('"truncated":true'))).toBe(true);
  });
});
