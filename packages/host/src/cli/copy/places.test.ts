import { expect, test } from 'bun:test';
import { getOwnName, parseCopy } from './places.ts';

test.each([
  [
    ['mercury:dist', '.'],
    ['out', 'mercury', './dist', '/home/ada', false],
  ],
  [
    ['shop/mercury:/var/log/.', 'logs'],
    ['out', 'shop/mercury', '/var/log/.', '/home/ada/logs', true],
  ],
  [
    ['a', 'mercury:'],
    ['in', 'mercury', './', '/home/ada/a', false],
  ],
  [
    ['./a:b', 'mercury:c'],
    ['in', 'mercury', './c', '/home/ada/a:b', false],
  ],
  [
    ['dir/.', 'mercury:-x'],
    ['in', 'mercury', './-x', '/home/ada/dir', true],
  ],
  [
    ['mercury:', 'all'],
    ['out', 'mercury', './', '/home/ada/all', true],
  ],
] as const)('parseCopy: %j', ([from, to], expected) => {
  const { direction, name, inside, outside, contents } = parseCopy(from, to, '/home/ada');
  expect([direction, name, inside, outside, contents]).toEqual([...expected]);
});

test.each([
  ['a', 'b'],
  ['mercury:a', 'venus:b'],
  ['mercury:a', ''],
])('parseCopy: %j %j is no copy', (from, to) => expect(() => parseCopy(from, to, '/')).toThrow());

test('getOwnName', () => {
  expect(getOwnName('./dist/')).toBe('dist');
  for (const path of ['.', './', '/', 'a/..']) expect(() => getOwnName(path)).toThrow();
});
