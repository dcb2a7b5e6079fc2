import { expect, test } from 'bun:test';
import { type LastWord, parseLastWord } from './monitor.ts';

test.each<[string, LastWord | undefined]>([
  ['exit 0 0\n', { exitCode: 0, outOfMemory: false }],
  ['exit 137 1\n', { exitCode: 137, outOfMemory: true }],
  ['exit 1 0\nexit 42 0\n', { exitCode: 42, outOfMemory: false }],
  ['\0\0xit 1 0\nexit 7 0\n', { exitCode: 7, outOfMemory: false }],
  ['failed there is no disk root\n', { failed: 'there is no disk root' }],
  ['failed \x1b[31mred\n', { failed: '?[31mred' }],
  [`failed ${'x'.repeat(4000)}\n`, { failed: 'x'.repeat(300) }],
  ['exit 256 0\n', undefined],
  ['exit 0\n', undefined],
  ['exit 0 2\n', undefined],
  ['  exit 0 0\n', undefined],
  ['', undefined],
])('parseLastWord: %#', (text, word) => expect(parseLastWord(text)).toEqual(word));
