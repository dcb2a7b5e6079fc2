import { describe, expect, test } from 'bun:test';
import { getTurns } from './conversation.ts';
import type { Message } from './request.ts';

const REMINDER = '<system-reminder>\n<total_tokens>5 tokens left</total_tokens>\n</system-reminder>';
const NOTICE =
  '<task-notification>\n<task-id>b1</task-id>\n<summary>Command "x" completed</summary>\n</task-notification>';

const user = (...content: (string | object)[]): Message => ({
  role: 'user',
  content: content.map((each) => (typeof each === 'string' ? { type: 'text', text: each } : each)) as never,
});
const said = (text: string): Message => ({ role: 'assistant', content: [{ type: 'text', text }] });
const used = (id: string): Message => ({
  role: 'assistant',
  content: [{ type: 'tool_use', id, name: 'Bash', input: { command: 'ls' } }],
});
const result = (id: string, content: unknown, failed = false) => ({
  type: 'tool_result',
  tool_use_id: id,
  content,
  is_error: failed,
});
const getPrompts = (...messages: Message[]) => getTurns(messages).map((turn) => turn.prompt);
const getLast = (...messages: Message[]) => getTurns(messages).at(-1);

describe('getTurns: the prompt', () => {
  const cases: [string, Message[], string[]][] = [
    ['as a plain string', [{ role: 'user', content: 'hi' }], ['hi']],
    ['past reminders before it', [user(REMINDER, `${REMINDER}\n`, 'hi')], ['hi']],
    ['past reminders in its own block', [user(`hi\n\n${REMINDER}`)], ['hi']],
    ['past a system message after it', [user('hi'), { role: 'system', content: '# Environment' }], ['hi']],
    [
      'after an interrupted one',
      [user('a'), said('par'), user('[Request interrupted by user]\n', 'b')],
      ['a', 'b'],
    ],
    ['still the old one on resume', [user('a\n', 'Continue from where you left off.')], ['a']],
    [
      'after local commands',
      [user('<command-name>/compact</command-name>', '<local-command-stdout>x', 'b')],
      ['b'],
    ],
    ['with a tag of the person', [user('what is <system-reminder>?')], ['what is <system-reminder>?']],
    ['naming a notice', [user(`explain ${NOTICE}`)], [`explain ${NOTICE}`]],
    ['never from images', [user({ type: 'image', source: {} }, 'b')], ['b']],
  ];
  for (const [name, messages, prompts] of cases) {
    test(`getTurns: the prompt ${name}`, () => expect(getPrompts(...messages)).toEqual(prompts));
  }
});

describe('getTurns: tools', () => {
  const getResult = (content: unknown) =>
    getLast(user('a'), used('t1'), user(result('t1', content)))?.steps[0]?.result;

  test('getTurns: a result without its trailing reminder', () => {
    expect(getResult(`vm\n\n${REMINDER}`)).toEqual({ text: 'vm', failed: false });
  });

  test('getTurns: a result in blocks, what is not text named by its type', () => {
    const content = [{ type: 'text', text: 'vm' }, { type: 'image' }, { type: 'text', text: REMINDER }];
    expect(getResult(content)?.text).toBe('vm\n[image]');
  });

  test('getTurns: a failed result, and one that belongs to nothing', () => {
    const turn = getLast(user('a'), used('t1'), user(result('t1', 'Exit code 1', true), result('t9', 'x')));
    expect(turn?.steps.map((step) => step.result)).toEqual([{ text: 'Exit code 1', failed: true }]);
    expect(turn?.hasNewResults).toBe(true);
  });

  test('getTurns: results are new until the assistant says something', () => {
    expect(getLast(user('a'), used('t1'), user(result('t1', 'x')), said('done'))?.hasNewResults).toBe(false);
  });

  test('getTurns: a prompt behind a result is a new turn', () => {
    const turn = getLast(
      user('a'),
      used('t1'),
      user(result('t1', 'x', true), '[Request interrupted by user for tool use]\n', 'b'),
    );
    expect(turn).toMatchObject({ prompt: 'b', steps: [], hasNewResults: false });
  });
});

describe('getTurns: background tasks', () => {
  const notices = (...messages: Message[]) => getLast(user('a'), said('started'), ...messages)?.notices;
  const found = ['Command "x" completed'];

  test('getTurns: a notice in a reminder', () => {
    expect(notices(user(`<system-reminder>\n[SYSTEM NOTIFICATION]\n${NOTICE}\n</system-reminder>`))).toEqual(
      found,
    );
  });
  test('getTurns: a notice by itself', () => expect(notices(user(NOTICE))).toEqual(found));
  test('getTurns: a notice in a system message', () => {
    expect(notices({ role: 'system', content: `x ${NOTICE}` })).toEqual(found);
  });
  test('getTurns: no notice once it was answered', () =>
    expect(notices(user(NOTICE), said('ok'))).toEqual([]));
});

test('getTurns: the summary of a compacted conversation is told apart', () => {
  const summary = 'This session is being continued from a previous conversation that ran out of context.';
  expect(getTurns([user(summary, 'b')]).map((turn) => turn.kind)).toEqual(['summary', 'asked']);
});

test('getTurns: a conversation that begins with the assistant, or has nobody, is no error', () => {
  expect(getTurns([used('t1'), { role: 'system', content: NOTICE }])).toEqual([]);
});
