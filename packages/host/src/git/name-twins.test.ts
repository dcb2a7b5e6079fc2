import { expect, test } from 'bun:test';
import { findNameTwins } from './name-twins.ts';

test('findNameTwins: none among names that differ in more than case, nor among folders that do', () =>
  expect(findNameTwins(['README.md', 'Docs/a', 'docs/b', 'docs/c/d', 'a.txt'])).toEqual([]));
test('findNameTwins: files', () =>
  expect(findNameTwins(['README.md', 'x', 'Readme.md'])).toEqual([['README.md', 'Readme.md']]));
test('findNameTwins: files in folders that are one', () =>
  expect(findNameTwins(['Docs/a', 'docs/A'])).toEqual([['Docs/a', 'docs/A']]));
test('findNameTwins: a file and a folder', () =>
  expect(findNameTwins(['build/x/y', 'Build'])).toEqual([['Build', 'build/x/y']]));
test('findNameTwins: one letter written in two ways', () =>
  expect(findNameTwins(['caf\u00e9', 'cafe\u0301'])).toHaveLength(1));
