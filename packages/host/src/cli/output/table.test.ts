import { expect, test } from 'bun:test';
import { formatTable, formatTableWithin } from './table.ts';

test('formatTable aligns by what a terminal shows and leaves no space at line ends', () => {
  expect(
    formatTable([
      ['A', 'B', 'C'],
      ['漢字', 'x', ''],
      ['a', 'longer', 'y'],
    ]),
  ).toBe('A     B       C\n漢字  x\na     longer  y\n');
});

test('formatTable makes every cell safe for a terminal, and one line', () => {
  expect(formatTable([['a\u001b]52;c;AAAA\u0007b\u009b31m', 'c\nd']])).toBe('ab  c d\n');
});

test('formatTableWithin cuts the last cell to what is left, made safe, but not below 20 columns', () => {
  const rows = [
    ['NAME', 'NOTE'],
    ['漢字', `\u001b[2J${'x'.repeat(100)}`],
    ['a', ''],
  ];
  expect(formatTableWithin(40, rows)).toBe(`NAME  NOTE\n漢字  ${'x'.repeat(33)}…\na\n`);
  expect(formatTableWithin(10, rows)).toBe(`NAME  NOTE\n漢字  ${'x'.repeat(19)}…\na\n`);
});
