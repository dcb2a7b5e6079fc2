import { describe, expect, test } from 'bun:test';
import { translate } from './translate.ts';

const TURN = '2b1f8a1e-0000-4000-8000-000000000001';
const assistant = (content: unknown[], more = {}) => ({
  type: 'assistant',
  session_id: 's',
  message: { content },
  ...more,
});
const result = (more: object) => ({
  type: 'result',
  subtype: 'success',
  is_error: false,
  session_id: 's',
  ...more,
});
const getEnd = (more: object) => {
  const [signal] = translate(result(more)).signals;
  return signal?.type === 'result' ? signal : undefined;
};

describe('translate: what is said', () => {
  test('translate: a text', () => {
    const raw = assistant([{ type: 'text', text: 'hello' }]);
    expect(translate(raw).said).toEqual([{ type: 'turn.text', data: { text: 'hello' }, raw }]);
  });
  test('translate: a tool call keeps its input', () => {
    const raw = assistant([{ type: 'tool_use', id: 't', name: 'Bash', input: { command: 'ls' } }]);
    const data = { id: 't', name: 'Bash', input: { command: 'ls' } };
    expect(translate(raw).said).toEqual([{ type: 'turn.tool_call', data, raw }]);
  });
  test('translate: results of several tools, the raw message once', () => {
    const block = (id: string, content: unknown, is_error?: boolean) => ({
      type: 'tool_result',
      tool_use_id: id,
      content,
      is_error,
    });
    const parts = [{ type: 'text', text: 'x' }, { type: 'image' }];
    const raw = { type: 'user', message: { content: [block('a', 'one'), block('b', parts, true)] } };
    expect(translate(raw).said).toEqual([
      { type: 'turn.tool_result', data: { id: 'a', text: 'one', isError: false }, raw },
      { type: 'turn.tool_result', data: { id: 'b', text: 'x\n[image]', isError: true } },
    ]);
  });
  test('translate: of a subagent what it does, not what it says', () => {
    const content = [
      { type: 'text', text: 'inner' },
      { type: 'tool_use', id: 't', name: 'Read', input: {} },
    ];
    const { said } = translate(assistant(content, { parent_tool_use_id: 'p' }));
    expect(said.map((each) => each.type)).toEqual(['turn.tool_call']);
  });
  const silent: [string, unknown][] = [
    ['thoughts', assistant([{ type: 'thinking', thinking: 'hm' }])],
    ['an empty text', assistant([{ type: 'text', text: '' }])],
    ['a prompt', { type: 'user', message: { content: 'typed' } }],
    ['partial messages', { type: 'stream_event', event: {} }],
    ['an unknown type', { type: 'news' }],
    ['no object', 'text'],
    ['null', null],
    ['odd blocks', { type: 'assistant', message: { content: [null, 1, { type: 'text' }] } }],
    ['odd fields', { type: 'assistant', message: 7, session_id: 7, user_message_uuids: 'x' }],
  ];
  for (const [what, raw] of silent) {
    test(`translate: nothing of ${what}`, () => expect(translate(raw).said).toEqual([]));
  }
});

describe('translate: signals', () => {
  const signals: [string, object, unknown][] = [
    ['init', { type: 'system', subtype: 'init' }, { type: 'run' }],
    ['answering', assistant([], { user_message_uuids: [TURN] }), { type: 'answering', turns: [TURN] }],
    ['answering, older', assistant([], { user_message_uuid: TURN }), { type: 'answering', turns: [TURN] }],
    [
      'life of a turn',
      { type: 'command_lifecycle', command_uuid: TURN, state: 'cancelled' },
      { type: 'turn', turn: TURN, state: 'cancelled' },
    ],
    [
      'retry',
      { type: 'system', subtype: 'api_retry', error_status: 529, attempt: 2, max_retries: 10 },
      { type: 'retry', reason: "the model's API: status 529, attempt 2 of 10" },
    ],
  ];
  for (const [what, raw, signal] of signals) {
    test(`translate: ${what}`, () => expect(translate(raw).signals).toEqual([signal as never]));
  }
  test('translate: the queueing of a turn is no signal', () => {
    const raw = { type: 'command_lifecycle', command_uuid: TURN, state: 'queued' };
    expect(translate(raw).signals).toEqual([]);
  });
  test('translate: the session id', () => expect(translate(result({})).session).toBe('s'));
});

describe('translate: how a turn ended', () => {
  test('translate: completed, with cost and tokens of this turn over all models', () => {
    const usage = { inputTokens: 10, outputTokens: 5, cacheReadInputTokens: 3, cacheCreationInputTokens: 2 };
    const end = getEnd({
      user_message_uuids: [TURN],
      terminal_reason: 'completed',
      duration_ms: 12,
      total_cost_usd: 99,
      model_usage_since_last_result: { a: { ...usage, costUSD: 0.5 }, b: { ...usage, costUSD: 0.25 } },
    });
    expect(end).toEqual({
      type: 'result',
      turns: [TURN],
      unprompted: false,
      end: { outcome: 'completed', costUsd: 0.75, tokens: { input: 30, output: 10 }, durationMs: 12 },
    });
  });
  const ends: [string, object, object][] = [
    [
      'an API error that calls itself success',
      { is_error: true, terminal_reason: 'api_error', result: 'API Error: 400' },
      { outcome: 'failed', reason: 'API Error: 400' },
    ],
    [
      'an interrupt in mid-stream',
      {
        subtype: 'error_during_execution',
        is_error: true,
        terminal_reason: 'aborted_streaming',
        errors: ['x'],
      },
      { outcome: 'interrupted' },
    ],
    [
      'an interrupt in mid-tool',
      { is_error: true, terminal_reason: 'aborted_tools' },
      { outcome: 'interrupted' },
    ],
    ['a turn pushed aside', { terminal_reason: 'aborted_streaming' }, { outcome: 'interrupted' }],
    [
      'too many rounds',
      { subtype: 'error_max_turns', is_error: true, errors: [] },
      { outcome: 'failed', reason: 'error_max_turns' },
    ],
  ];
  for (const [what, raw, end] of ends) {
    test(`translate: ${what}`, () => expect(getEnd(raw)?.end).toEqual(end as never));
  }
  test('translate: the result of a background task is of no turn', () => {
    expect(getEnd({ origin: { kind: 'task-notification' } })).toMatchObject({ turns: [], unprompted: true });
  });
});
