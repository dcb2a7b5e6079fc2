import { describe, expect, test } from 'bun:test';
import { countReminders, stripReminders } from './artefacts.ts';

describe('stripReminders', () => {
  const cases: [string, string][] = [
    ['a<system-reminder>x</system-reminder>b<system-reminder>y</system-reminder>', 'ab'],
    ['<system-reminder>not closed', '<system-reminder>not closed'],
    ['</system-reminder>a', '</system-reminder>a'],
    ['plain', 'plain'],
    ['', ''],
  ];
  for (const [text, stripped] of cases) {
    test(`stripReminders: ${text || 'nothing'}`, () => expect(stripReminders(text)).toBe(stripped));
  }

  test('stripReminders: in one pass over many that are not closed', () => {
    const started = performance.now();
    stripReminders('<system-reminder>'.repeat(200_000));
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

test('countReminders: those inside user messages, and messages of the role system', () => {
  const counts = countReminders([
    { role: 'user', content: [{ type: 'text', text: '<system-reminder>a</system-reminder>' }] },
    { role: 'system', content: 'b' },
    { role: 'assistant', content: '<system-reminder>c' },
  ]);
  expect(counts).toEqual({ inline: 1, systemMessages: 1 });
});
