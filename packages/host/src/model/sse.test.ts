import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type ApiBlock, type ApiMessage, type Cut, encodeEvent, getEvents, toApiBlock } from './sse.ts';

const getMessage = (...content: ApiBlock[]): ApiMessage => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content,
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 4, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
});

type Delta = { text?: string; partial_json?: string; thinking?: string };
const join = (block: ApiBlock, cut: Cut) =>
  getEvents(getMessage(block), cut)
    .map(({ data }) => (data.delta ?? {}) as Delta)
    .map((delta) => delta.text ?? delta.partial_json ?? delta.thinking ?? '')
    .join('');

describe('getEvents', () => {
  test('getEvents: the order of the API, each event named in its data', () => {
    const events = getEvents(getMessage({ type: 'text', text: 'a' }, { type: 'text', text: 'b' }), 'chunks');
    const block = ['content_block_start', 'content_block_delta', 'content_block_stop'];
    const names = events.map(({ event }) => event);
    expect(names).toEqual(['message_start', 'ping', ...block, ...block, 'message_delta', 'message_stop']);
    expect(events.map(({ data }) => data.type as string)).toEqual(names);
    expect(events.filter(({ data }) => 'index' in data).map(({ data }) => data.index)).toEqual([
      0, 0, 0, 1, 1, 1,
    ]);
  });

  test('getEvents: starts empty and ends with stop reason and usage', () => {
    const events = getEvents(getMessage({ type: 'text', text: 'a' }), 'chunks');
    expect(events[0]?.data.message).toMatchObject({
      content: [],
      stop_reason: null,
      usage: { input_tokens: 3 },
    });
    expect(events.at(-2)?.data).toMatchObject({
      delta: { stop_reason: 'end_turn' },
      usage: { output_tokens: 4 },
    });
  });

  test('getEvents: a tool is announced without input, which comes as JSON', () => {
    const block = toApiBlock({ type: 'tool_use', name: 'Bash', input: { command: 'ls' } }, 'seed', 0);
    expect(getEvents(getMessage(block), 'chunks')[2]?.data.content_block).toMatchObject({
      name: 'Bash',
      input: {},
    });
    expect(JSON.parse(join(block, 'chunks'))).toEqual({ command: 'ls' });
  });

  test('getEvents: deltas make the text again, none with half a character', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 1500 }),
        fc.constantFrom('chunks', 'words'),
        (text, cut) => {
          expect(join({ type: 'text', text }, cut)).toBe(text);
          const events = getEvents(getMessage({ type: 'text', text }), cut);
          expect(events.every(({ data }) => JSON.stringify(data).isWellFormed())).toBe(true);
          if (text.isWellFormed()) {
            const deltas = events.map(({ data }) => (data.delta as Delta | undefined)?.text ?? '');
            expect(deltas.every((delta) => delta.isWellFormed())).toBe(true);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

test('encodeEvent: one event, ended by an empty line, its data in one line', () => {
  expect(encodeEvent({ event: 'ping', data: { type: 'ping', text: 'a\nb' } })).toBe(
    'event: ping\ndata: {"type":"ping","text":"a\\nb"}\n\n',
  );
});

test('toApiBlock: ids differ by seed and index', () => {
  const id = (seed: string, index: number) =>
    JSON.stringify(toApiBlock({ type: 'tool_use', name: 'B', input: {} }, seed, index));
  expect(new Set([id('a', 0), id('a', 1), id('b', 0)]).size).toBe(3);
});
