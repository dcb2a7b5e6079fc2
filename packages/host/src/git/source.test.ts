import { expect, test } from 'bun:test';
import { parseConfig, parseTree, toCloneUrl } from './source.ts';

test('toCloneUrl takes passwords out of http URLs and makes paths absolute', () => {
  for (const [given, expected] of [
    ['https://ada:s3cret@example.org/shop.git', 'https://example.org/shop.git'],
    ['https://ghp_token@example.org/shop', 'https://example.org/shop'],
    ['HTTPS://a:b@c@example.org/x', 'HTTPS://example.org/x'],
    ['https://example.org/a@b', 'https://example.org/a@b'],
    ['ssh://git@example.org:22/x.git', 'ssh://git@example.org:22/x.git'],
    ['git@example.org:x.git', 'git@example.org:x.git'],
    ['../up stream.git', '/src/up stream.git'],
    ['/srv/x.git', '/srv/x.git'],
    ['./with:colon', '/src/shop/with:colon'],
  ] as const) {
    expect(toCloneUrl(given, '/src/shop')).toBe(expected);
  }
});

test('parseTree finds submodules and attribute files, whatever they are called', () => {
  const id = 'a'.repeat(40);
  const lines = [
    `100644 blob ${id}\t.gitattributes`,
    `100644 blob ${id}\ta\nb\t/.gitattributes`,
    `120000 blob ${id}\tlink/.gitattributes`,
    `100644 blob ${id}\tmy.gitattributes`,
    `160000 commit ${id}\tlibs/x y`,
    `100644 blob ${id}\t160000 z`,
  ];
  expect(parseTree(`${lines.join('\0')}\0`)).toEqual({
    submodules: ['libs/x y'],
    attributes: [
      { object: id, path: '.gitattributes' },
      { object: id, path: 'a\nb\t/.gitattributes' },
    ],
  });
});

test('parseConfig: the last value counts, values may hold line ends, a key alone is true', () => {
  expect([...parseConfig('a.b\n1\0c.D x.e\ntwo\nlines\0a.b\n2\0f.g\0')]).toEqual([
    ['a.b', '2'],
    ['c.D x.e', 'two\nlines'],
    ['f.g', 'true'],
  ]);
});
