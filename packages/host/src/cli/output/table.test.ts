import { expect, test } from 'bun:test';
import { formatTable } from './table.ts';

test('formatTable aligns by what a terminal shows and leaves no space at line ends', () => {
  expect(
    formatTable([
      ['A', 'B', 'C'],
      ['漢字', 'x', ''],
      ['a', 'longer', 'y'],
    ]),
  ).toBe('A     B       C\n漢字  x\na     longer  y\n');
});
