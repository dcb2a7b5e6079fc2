import { describe, expect, test } from 'bun:test';
import type { SandboxEvent } from '@cspace/protocol/event';
import { getEventText } from './event-text.ts';

const options = { columns: 60, resultLines: 2, practice: false };

function getText(type: SandboxEvent['type'], data: unknown, more = options) {
  const event = { v: 1, seq: 1, at: '', session: null, type, data } as SandboxEvent;
  const text = getEventText(event, more);
  return text && `${text.kind}: ${text.text}`;
}

describe('getEventText', () => {
  test.each([
    ['turn.text', { text: 'Done.\n' }, 'speech: Done.'],
    ['turn.queued', { text: 'run: ls\nplease' }, 'progress: > run: ls\n> please'],
    ['turn.tool_call', { id: 'a', name: 'Bash', input: { command: 'ls -la' } }, 'progress: * Bash ls -la'],
    ['turn.tool_call', { id: 'a', name: 'Odd', input: { n: 1 } }, 'progress: * Odd {"n":1}'],
    ['turn.tool_call', { id: 'a', name: 'None', input: null }, 'progress: * None'],
    [
      'turn.tool_result',
      { id: 'a', text: '1\n2\n3\n4', isError: false },
      'progress:   1\n  2\n  … 2 more lines',
    ],
    ['turn.tool_result', { id: 'a', text: 'no', isError: true }, 'progress:   failed:\n  no'],
    [
      'turn.ended',
      { outcome: 'completed', durationMs: 1234, costUsd: 0.5 },
      'progress: - turn completed, 1.2 s, $0.5000',
    ],
    ['turn.ended', { outcome: 'failed', reason: 'it broke' }, 'progress: - turn failed: it broke'],
    ['turn.started', { attempt: 1 }, undefined],
    ['turn.started', { attempt: 2 }, 'progress: - attempt 2 of this turn'],
    [
      'agent.started',
      { model: null, practice: true },
      'progress: - new conversation with the practice model',
    ],
    ['agent.resumed', { model: 'opus', practice: false }, 'progress: - conversation continued with opus'],
    ['agent.exited', { reason: 'x', expected: true }, undefined],
  ] as const)('%s %j', (type, data, expected) => {
    expect(getText(type, data)).toBe(expected);
  });

  test.each([
    ['turn.text', { text: '\u001b]52;c;eA==\u0007hi' }],
    ['turn.queued', { text: '\u001b[2Jhi' }],
    ['turn.tool_call', { id: 'a', name: '\u001b[31m', input: { command: '\u001b[2Jhi\u0000' } }],
    ['turn.tool_result', { id: 'a', text: '\u009b2Jhi', isError: false }],
    ['turn.ended', { outcome: 'failed', reason: '\u001b[2Jhi' }],
    ['agent.reset', { from: 'x', reason: '\u001bchi' }],
    ['agent.started', { model: '\u001b[2Jhi', practice: false }],
  ] as const)('%s lets no control character of the guest through', (type, data) => {
    const text = getText(type, data) ?? '';
    expect(text).toContain('hi');
    expect(text).not.toMatch(/(?!\n)\p{Cc}/u);
  });

  test('turn.ended shows no made-up price of the practice model', () => {
    const practice = { ...options, practice: true };
    expect(getText('turn.ended', { outcome: 'completed', costUsd: 1 }, practice)).toBe(
      'progress: - turn completed',
    );
  });
});
