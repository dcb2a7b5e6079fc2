import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONTINUE, findTranscript, readTurnState } from './transcript.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-transcript-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const TURN = 'turn-id';
const prompt = { type: 'user', uuid: TURN, message: { content: 'do it' } };
const user = (content: unknown, more = {}) => ({ type: 'user', uuid: 'u', message: { content }, ...more });
const says = (stop_reason: string | null, block: object, more = {}) => ({
  type: 'assistant',
  uuid: 'a',
  message: { content: [block], stop_reason },
  ...more,
});
const text = { type: 'text', text: 'said' };
const call = { type: 'tool_use', id: 't' };
const resultOfTool = user([{ type: 'tool_result', tool_use_id: 't', content: 'x' }]);
const goOn = user([{ type: 'text', text: CONTINUE }], { isMeta: true });

async function getState(...entries: unknown[]) {
  const path = join(folder, 'x.jsonl');
  writeFileSync(path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  return readTurnState(path, TURN);
}

const cutOff = { type: 'cut-off', continued: false } as const;
const states: [string, unknown[], object][] = [
  ['nothing', [], { type: 'absent' }],
  ['another prompt', [{ ...prompt, uuid: 'other' }], { type: 'absent' }],
  ['queued only', [{ type: 'queue-operation', uuid: TURN }], { type: 'absent' }],
  ['the prompt alone', [prompt], cutOff],
  ['a tool in use', [prompt, says('tool_use', text), says('tool_use', call)], cutOff],
  ['a tool done', [prompt, says('tool_use', call), resultOfTool], cutOff],
  ['thoughts', [prompt, says('end_turn', { type: 'thinking' })], cutOff],
  ['cut for length', [prompt, says('max_tokens', text)], cutOff],
  ['half an answer', [prompt, says(null, text)], cutOff],
  ['gone on with', [prompt, goOn], { type: 'cut-off', continued: true }],
  [
    'gone on with, a tool in use',
    [prompt, goOn, says('tool_use', call)],
    { type: 'cut-off', continued: true },
  ],
  [
    'answered',
    [prompt, says('end_turn', text), { type: 'last-prompt' }],
    { type: 'ended', end: { outcome: 'completed', reason: 'it was answered before a crash' } },
  ],
  [
    'an API error',
    [prompt, says('stop_sequence', text, { isApiErrorMessage: true })],
    { type: 'ended', end: { outcome: 'failed', reason: 'said' } },
  ],
  [
    'interrupted',
    [prompt, says(null, text), user([{ type: 'text', text: '[Request interrupted by user for tool use]' }])],
    { type: 'ended', end: { outcome: 'interrupted' } },
  ],
  ["a subagent's answer", [prompt, says('end_turn', text, { isSidechain: true })], cutOff],
];
for (const [what, entries, state] of states) {
  test(`readTurnState: ${what}`, async () => expect(await getState(...entries)).toEqual(state as never));
}

test('readTurnState: a torn last line and garbage do not count', async () => {
  const path = join(folder, 'x.jsonl');
  const answer = JSON.stringify(says('end_turn', text));
  writeFileSync(path, `${JSON.stringify(prompt)}\n\0\0garbage\n${answer.slice(0, -5)}`);
  expect(await readTurnState(path, TURN)).toEqual(cutOff);
});

test('readTurnState: no file', async () => {
  expect(await readTurnState(join(folder, 'none'), TURN)).toEqual({ type: 'absent' });
});

test('findTranscript: in any project, and not when it is empty', async () => {
  expect(await findTranscript(folder, 'id')).toBeUndefined();
  const project = join(folder, 'projects', '-workspace');
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, 'id.jsonl'), '');
  expect(await findTranscript(folder, 'id')).toBeUndefined();
  writeFileSync(join(project, 'id.jsonl'), '{}\n');
  expect(await findTranscript(folder, 'id')).toBe(join(project, 'id.jsonl'));
});
