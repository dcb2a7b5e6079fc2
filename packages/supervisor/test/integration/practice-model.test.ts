import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Options, SDKMessage, SDKResultMessage } from '@anthropic-ai/claude-agent-sdk';
import { type ScriptedModel, startScriptedModel } from '../../../host/src/model/testing.ts';
import {
  type ClaudeFolders,
  type ClaudeSession,
  makeClaudeFolders,
  removeClaudeFolders,
  startClaudeSession,
} from '../claude-session.ts';

/** A few starts of Claude Code on a busy machine. */
const TEST_MS = 60_000;
/** Claude Code puts its reminders inside user messages for the first, into system messages for the second. */
const MODELS = ['claude-sonnet-4-5', 'claude-opus-5-5'];

let folders: ClaudeFolders;
let model: ScriptedModel;
let sessions: ClaudeSession[] = [];
beforeEach(async () => {
  folders = await makeClaudeFolders();
  model = await startScriptedModel({ workspace: folders.workspace });
});
afterEach(async () => {
  await Promise.all(sessions.map((session) => session.close()));
  sessions = [];
  await model.close();
  await removeClaudeFolders(folders);
});

const start = (options: Options = {}) => {
  const session = startClaudeSession(folders, model.url, options);
  sessions.push(session);
  return session;
};
const getText = (result: SDKResultMessage) => (result.subtype === 'success' ? result.result : result.subtype);
const isCall = (command: string) => (message: SDKMessage) =>
  message.type === 'assistant' && JSON.stringify(message.message.content).includes(command);
const isDelta = (message: SDKMessage) =>
  message.type === 'stream_event' && message.event.type === 'content_block_delta';
const getResults = (session: ClaudeSession) =>
  session.messages.flatMap((message) => {
    const content = message.type === 'user' ? message.message.content : [];
    return typeof content === 'string' ? [] : content.filter((block) => block.type === 'tool_result');
  });

describe.each(MODELS)('createPracticeModel with Claude Code, %s', (name) => {
  test(
    'createPracticeModel: runs, writes, and quotes what was asked before',
    async () => {
      await writeFile(join(folders.workspace, 'old.txt'), 'old');
      const session = start({ model: name });
      expect(getText(await session.ask('run: echo $((6 * 7))'))).toContain('It printed:\n```\n42\n```');
      expect(getText(await session.ask('run: exit 3'))).toContain('failed:\n```\nExit code 3\n```');
      await session.ask('write new.txt: hello');
      expect(await readFile(join(folders.workspace, 'new.txt'), 'utf8')).toBe('hello\n');
      expect(getText(await session.ask('write old.txt: new'))).toEndWith('old.txt.');
      expect(await readFile(join(folders.workspace, 'old.txt'), 'utf8')).toBe('new\n');
      const memory = getText(await session.ask('what did I ask you before?'));
      expect(memory).toContain('1. You asked: "run: echo $((6 * 7))"');
      expect(memory).toContain('4. You asked: "write old.txt: new"');
      expect(memory).not.toContain('5. ');
    },
    TEST_MS,
  );

  test(
    'createPracticeModel: goes on with a conversation that was resumed, and with one that was compacted',
    async () => {
      const first = start({ model: name });
      const { session_id } = await first.ask('run: echo first');
      await first.close();
      const second = start({ model: name, resume: session_id });
      expect(getText(await second.ask('what did I ask you before?'))).toContain('"run: echo first"');
      await second.ask('/compact');
      expect(getText(await second.ask('what did I say earlier?'))).toContain('"run: echo first"');
    },
    TEST_MS,
  );

  test(
    'createPracticeModel: tells of what came after an interrupt in mid-stream and in mid-tool',
    async () => {
      const session = start({ model: name, includePartialMessages: true });
      const streaming = session.ask('script:slow-stream 600 50');
      await session.next(isDelta);
      await session.query.interrupt();
      expect((await streaming).subtype).toBe('error_during_execution');
      const running = session.ask('script:slow-tool 30');
      await session.next(isCall('timeout 30'));
      await session.query.interrupt();
      expect((await running).subtype).toBe('error_during_execution');
      expect(getText(await session.ask('run: echo after'))).toContain('```\nafter\n```');
    },
    TEST_MS,
  );

  test(
    'script:background: its report makes a turn of its own',
    async () => {
      const session = start({ model: name });
      expect(getText(await session.ask('script:background 1'))).toContain('I started in the background');
      const report = (await session.next((message) => message.type === 'result')) as SDKResultMessage;
      expect(getText(report)).toContain('a background task reported: Background command');
    },
    TEST_MS,
  );
});

test(
  'createPracticeModel: a turn without an account has no price',
  async () => {
    const plain = await startScriptedModel({ scripts: false });
    try {
      const session = startClaudeSession(folders, plain.url);
      sessions.push(session);
      const result = await session.ask('run: echo free');
      expect(getText(result)).toContain('free');
      expect(result.total_cost_usd).toBe(0);
    } finally {
      await plain.close();
    }
  },
  TEST_MS,
);

describe('scripts with Claude Code', () => {
  test(
    'run: on several lines: parallel tools of one message, each with its result',
    async () => {
      const session = start();
      const text = getText(await session.ask('run: echo one\nrun: echo two'));
      expect(text).toMatch(/`echo one`.*```\none\n```.*`echo two`.*```\ntwo\n```/s);
      const calls = session.messages.filter(isCall('tool_use'));
      const ids = calls.flatMap((each) => (each.type === 'assistant' ? [each.message.id] : []));
      expect(ids).toHaveLength(2);
      expect(new Set(ids).size).toBe(1);
      expect(getResults(session)).toHaveLength(2);
    },
    TEST_MS,
  );

  for (const status of [429, 529]) {
    test(
      `script:${status} x2: Claude Code tries again until it succeeds`,
      async () => {
        const session = start();
        expect(getText(await session.ask(`script:${status} x2`))).toContain(`after 2 times ${status}`);
        const retries = session.messages.filter(
          (message) => message.type === 'system' && message.subtype === 'api_retry',
        );
        expect(retries).toMatchObject([{ error_status: status }, { error_status: status }]);
      },
      TEST_MS,
    );
  }

  const broken = ['script:cut-stream', 'script:stream-error', 'script:max-tokens', 'script:refusal'];
  test.each(broken)(
    '%s: Claude Code tries again',
    async (prompt) => {
      const result = await start().ask(prompt);
      expect(result).toMatchObject({ subtype: 'success', is_error: false });
      expect(getText(result)).toMatch(/word300$|the rest\.$/);
    },
    TEST_MS,
  );

  test(
    'script:error-400: ends the turn as an error',
    async () => {
      expect(await start().ask('script:error-400')).toMatchObject({ is_error: true, api_error_status: 400 });
    },
    TEST_MS,
  );

  test(
    'script:stalled-stream: can be interrupted',
    async () => {
      const session = start({ includePartialMessages: true });
      const stalled = session.ask('script:stalled-stream');
      await session.next(isDelta);
      await session.query.interrupt();
      expect(await stalled).toMatchObject({ subtype: 'error_during_execution', is_error: true });
    },
    TEST_MS,
  );

  test(
    'script:system-reminders: for newer models they come as system messages, for older ones not',
    async () => {
      const [older, newer] = await Promise.all(
        MODELS.map(async (name) => getText(await start({ model: name }).ask('script:system-reminders'))),
      );
      expect(older).toMatch(/ 0 system messages, [1-9]/);
      expect(newer).toMatch(/ [1-9]\d* system messages/);
    },
    TEST_MS,
  );

  test(
    'script:big-result and long-text: megabytes pass',
    async () => {
      const session = start();
      expect(getText(await session.ask('script:big-result 5'))).toContain('Output too large');
      expect(getText(await session.ask('script:long-text 1000')).length).toBeGreaterThan(1_000_000);
    },
    TEST_MS,
  );
});
