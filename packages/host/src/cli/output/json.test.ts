import { expect, test } from 'bun:test';
import type { Output } from '../context.ts';
import { printJson } from './json.ts';

test('printJson: one line of ASCII controls none, C1 controls and marks of direction escaped, the same value', () => {
  const value = { text: 'a\u009b31m\u007f\u202eb\u001b\n漢', 'k\u0085': 1 };
  const written: string[] = [];
  printJson({ write: (text: string) => void written.push(text) } as unknown as Output, value);
  const line = written.join('');
  expect(JSON.parse(line)).toEqual(value);
  expect(line).toMatch(/^[^\p{Cc}\u202a-\u202e]*\n$/u);
});
