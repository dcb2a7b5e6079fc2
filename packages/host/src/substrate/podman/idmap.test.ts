import { expect, test } from 'bun:test';
import { getIdmap } from './idmap.ts';

test.each([
  [1001, '231072-231072-1000#1001-232072-1#232073-232073-64535'],
  [0, '231072-231072-1000#0-232072-1#232073-232073-64535'],
])('getIdmap: files of uid %d are those of dev', (id, triples) =>
  expect(getIdmap({ uid: id, gid: id })).toBe(`idmap=uids=${triples};gids=${triples}`),
);
test('getIdmap maps user and group each by its own', () =>
  expect(getIdmap({ uid: 1001, gid: 100 })).toMatch(/uids=[^;]*#1001-[^;]*;gids=[^;]*#100-/));
