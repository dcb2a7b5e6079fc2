import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRealPath, ignoresCase, isSameFolder } from './real-path.ts';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'cspace-real-')));
  for (const name of ['one', 'two']) mkdirSync(join(folder, name));
  // Stands for a file system that ignores case.
  symlinkSync('one', join(folder, 'ONE'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);

test('isSameFolder: one folder by two names, two folders, and names that lead nowhere', () => {
  expect(isSameFolder(at('one'), at('ONE'))).toBe(true);
  expect(isSameFolder(at('one'), at('two'))).toBe(false);
  expect(isSameFolder(at('gone'), at('gone'))).toBe(true);
  expect(isSameFolder(at('gone'), at('lost'))).toBe(false);
});
test('ignoresCase: whether a folder answers to its name in capitals', () => {
  expect(ignoresCase(at('one'))).toBe(true);
  expect(ignoresCase(at('two'))).toBe(false);
  expect(ignoresCase('/')).toBe(false);
});
test('getRealPath: the one name', () => expect(getRealPath(at('ONE'))).toBe(at('one')));
