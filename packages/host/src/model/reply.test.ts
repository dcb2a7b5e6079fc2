import { describe, expect, test } from 'bun:test';
import type { Step, Turn } from './conversation.ts';
import { getReply } from './reply.ts';

const CONTEXT = { tools: ['Bash', 'Write', 'Read'], workspace: '/workspace' };
const turn = (prompt: string, more: Partial<Turn> = {}): Turn => ({
  kind: 'asked',
  prompt,
  steps: [],
  said: [],
  notices: [],
  hasNewResults: (more.steps ?? []).length > 0,
  ...more,
});
const step = (name: string, input: Step['input'], text?: string, failed = false): Step => ({
  id: 'toolu_1',
  name,
  input,
  result: text === undefined ? undefined : { text, failed },
});
const bash = (command: string, text?: string, failed = false) => step('Bash', { command }, text, failed);

const getText = (...turns: Turn[]) => {
  const answer = getReply(turns, CONTEXT);
  if (answer.kind !== 'message' || answer.stopReason !== 'end_turn') throw new Error('not the end of a turn');
  return answer.blocks.map((block) => (block.type === 'text' ? block.text : `<${block.type}>`)).join('');
};
const getCalls = (...turns: Turn[]) => {
  const answer = getReply(turns, CONTEXT);
  if (answer.kind !== 'message' || answer.stopReason !== 'tool_use') throw new Error('no use of tools');
  return answer.blocks.map((block) => (block.type === 'tool_use' ? [block.name, block.input] : block));
};

describe('getReply: a prompt', () => {
  test('getReply: run: is a use of Bash', () => {
    expect(getCalls(turn('run: ls'))).toEqual([
      ['Bash', { command: 'ls', description: 'Run what was asked for' }],
    ]);
  });

  test('getReply: write FILE: is a use of Write with an absolute path', () => {
    expect(getCalls(turn('write a.txt: hi'))).toEqual([
      ['Write', { file_path: '/workspace/a.txt', content: 'hi\n' }],
    ]);
  });

  test('getReply: several lines are uses of tools in one message', () => {
    expect(getCalls(turn('run: a\nwrite b: c\nrun: d')).map((call) => (call as string[])[0])).toEqual([
      'Bash',
      'Write',
      'Bash',
    ]);
  });

  test('getReply: more than it does at once is said, not done', () => {
    expect(getText(turn('run: a\n'.repeat(21)))).toContain('at most 20');
  });

  test('getReply: a tool that the client lacks is said', () => {
    const answer = getReply([turn('run: a')], { ...CONTEXT, tools: [] });
    expect(JSON.stringify(answer)).toContain('no tool named Bash');
  });

  test('getReply: plain words are quoted, with what it understands', () => {
    expect(getText(turn('good\nmorning'))).toMatchInlineSnapshot(`
      "Practice model: I received "good / morning".
      I am a script, not Claude, and need no account. I understand:
        run: COMMAND                  I run it with the Bash tool and quote what it printed
        write FILE: TEXT              I write the file with the Write tool
        what did I ask you before?    I quote our conversation"
    `);
  });

  test('getReply: no prompt at all', () => expect(getText()).toContain('nothing to answer'));
});

describe('getReply: memory', () => {
  const before = turn('run: uname -n', {
    steps: [bash('uname -n', 'x')],
    said: ['Practice model: I ran it'],
  });

  test('getReply: quotes what was asked and answered', () => {
    expect(getText(before, turn('hi'), turn('what did I ask you before?'))).toMatchInlineSnapshot(`
      "Practice model: before this you asked me 2 things.
      1. You asked: "run: uname -n" I answered: "I ran it"
      2. You asked: "hi""
    `);
  });

  test('getReply: the first thing asked', () => {
    expect(getText(turn('what did I ask you before?'))).toContain('the first thing you asked');
  });

  test('getReply: a summary keeps what was asked, and gives it back', () => {
    const summary = getText(
      before,
      turn('Your task is to create a detailed summary of the conversation. run: ls'),
    );
    const continued = turn(`This session is being continued.\n\n${summary}\nContinue.`, { kind: 'summary' });
    const answer = getText(continued, turn('later'), turn('what did I say earlier?'));
    expect(answer).toContain('1. You asked: "run: uname -n"');
    expect(answer).toContain('2. You asked: "later"');
  });

  test('getReply: a very long prompt is cut', () => {
    expect(getText(turn('x'.repeat(5_000_000)), turn('what did I ask before?')).length).toBeLessThan(1000);
  });
});

describe('getReply: results', () => {
  const tell = (...steps: Step[]) => getText(turn('run: a', { steps }));
  const cases: [string, Step[], string][] = [
    ['output', [bash('uname', 'vm')], 'Practice model: I ran `uname`. It printed:\n```\nvm\n```'],
    [
      'a failure',
      [bash('x', 'Exit code 1', true)],
      'Practice model: I ran `x`, and it failed:\n```\nExit code 1\n```',
    ],
    [
      'no output',
      [bash('true', '(Bash completed with no output)')],
      'Practice model: I ran `true`. It printed nothing.',
    ],
    ['no result', [bash('true')], 'Practice model: I ran `true`; no result came back.'],
    ['a file', [step('Write', { file_path: '/w/a' }, 'ok')], 'Practice model: I wrote /w/a.'],
    [
      'garbage',
      [step('Bash', { command: { toString: 1 } }, 'x')],
      'Practice model: I ran `{"toString":1}`. It printed:\n```\nx\n```',
    ],
  ];
  for (const [name, steps, text] of cases) {
    test(`getReply: tells ${name}`, () => expect(tell(...steps)).toBe(text));
  }

  test('getReply: tells parallel results together', () => {
    expect(tell(bash('a', '1'), bash('b', '2'))).toMatch(/`a`.*1.*`b`.*2/s);
  });

  test('getReply: a very long result is cut, and says so', () => {
    const text = tell(bash('a', 'x'.repeat(9000)));
    expect(text.length).toBeLessThan(8200);
    expect(text).toContain('1000 characters left out');
  });

  test('getReply: on resume, results that nobody told are told', () => {
    expect(getText(turn('run: a', { steps: [bash('a', 'x')], hasNewResults: false }))).toContain('x');
  });

  test('getReply: a background report is told, but not before new results', () => {
    const notices = ['Command "x" completed'];
    const steps = [bash('a', 'printed')];
    expect(getText(turn('a', { steps, notices, hasNewResults: false }))).toContain('reported: Command "x"');
    expect(getText(turn('a', { steps, notices }))).toContain('printed');
  });
});

describe('getReply: a file that Write wants read first', () => {
  const input = { file_path: '/w/a', content: 'x\n' };
  const refused = step('Write', input, '<tool_use_error>File has not been read yet. Read it first', true);
  const read = step('Read', { file_path: '/w/a' }, '1\told');
  const after = (...steps: Step[]) => turn('write a: x', { steps });

  test('getReply: reads it', () =>
    expect(getCalls(after(refused))).toEqual([['Read', { file_path: '/w/a' }]]));
  test('getReply: writes it again', () => expect(getCalls(after(refused, read))).toEqual([['Write', input]]));
  test('getReply: tells of the second writing only', () => {
    expect(getText(after(refused, read, step('Write', input, 'ok')))).toBe('Practice model: I wrote /w/a.');
  });
  test('getReply: tells a second refusal as a failure', () => {
    expect(getText(after(refused, read, { ...refused }))).toContain('I could not write /w/a:');
  });
});
