import { expect, test } from 'bun:test';
import { isAtLeast, parseVersion } from './versions.ts';

test('parseVersion finds the numbers', () => {
  expect(parseVersion('podman version 4.3.1')).toEqual([4, 3, 1]);
  expect(parseVersion('crun version 1.21\ncommit: x')).toEqual([1, 21, 0]);
  expect(parseVersion('what?')).toBeUndefined();
});
test.each([
  [[4, 3, 1], true],
  [[5, 0, 0], true],
  [[4, 3, 0], true],
  [[4, 2, 9], false],
  [[3, 9, 9], false],
])('isAtLeast 4.3.0: %p %p', (version, expected) =>
  expect(isAtLeast(version as number[], [4, 3, 0])).toBe(expected as boolean),
);
