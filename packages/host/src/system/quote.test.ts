import { expect, test } from 'bun:test';
import { quoteWord } from './quote.ts';

/** Words of all that a shell could take for its own, and of anything else; the same ones each time. */
function* getWords(): Generator<string> {
  yield* [
    '',
    ' ',
    "'",
    "'\\''",
    '\\',
    '"',
    '$(exit 7)',
    '`exit 7`',
    '~',
    '*',
    '\n',
    '-n',
    '!!',
    '\t;&|<>#',
    '\r\n',
  ];
  let state = 1;
  const next = (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  for (let n = 0; n < 400; n += 1) {
    const limit = n % 2 ? 0x7f : 0xd7ff;
    yield String.fromCodePoint(...Array.from({ length: next(40) }, () => 1 + next(limit)));
  }
}

for (const shell of ['sh', 'bash'])
  test(`quoteWord: ${shell} gets every word as it was`, () => {
    const words = [...getWords()];
    const { stdout } = Bun.spawnSync([shell, '-c', `printf '%s\\0' ${words.map(quoteWord).join(' ')}`], {
      timeout: 20_000,
    });
    expect(stdout.toString().split('\0').slice(0, -1)).toEqual(words);
  });

test('quoteWord refuses what no argument can hold', () => {
  expect(() => quoteWord('a\0b')).toThrow('NUL');
});
