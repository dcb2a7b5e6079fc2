import { expect, test } from 'bun:test';
import { Volumes } from './sandbox.ts';

const isFine = (...paths: unknown[]) => Volumes.safeParse(paths).success;

test.each(['node_modules', 'packages/web/node_modules', '.venv', 'a b', 'a..b', '.gitlab', 'tärget'])(
  'Volumes: %s',
  (path) => expect(isFine(path)).toBe(true),
);
test.each([
  ...['', '/', '/etc', '.', '..', './a', '../a', 'a/..', 'a/../b', 'a//b', 'a/', 'a/.'],
  ...['.git', '.git/hooks', '.GIT', 'a:b', 'a,b', 'a"b', 'a\\b', 'a\nb', 'a\0b', 'x'.repeat(201), 7, null],
])('Volumes: not %j', (path) => expect(isFine(path)).toBe(false));
test('Volumes: each once, and none inside another', () => {
  expect(isFine('a', 'ab', 'b/a')).toBe(true);
  expect([isFine('a', 'a'), isFine('a', 'a/b'), isFine('a/b', 'c', 'a')]).toEqual([false, false, false]);
});
test('Volumes: sixteen at most', () => {
  const paths = Array.from({ length: 17 }, (_, i) => `v${i}`);
  expect([isFine(...paths.slice(1)), isFine(...paths)]).toEqual([true, false]);
});
