import { expect, test } from 'bun:test';
import { listTree } from './weigh.ts';

test('listTree: a process with all below it, and nobody else', () => {
  const parents = new Map([
    [2, 1],
    [3, 2],
    [4, 3],
    [5, 1],
  ]);
  expect(listTree(2, parents)).toEqual([2, 3, 4]);
  expect(listTree(5, parents)).toEqual([5]);
});
