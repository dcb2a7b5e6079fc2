import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countFiles } from './count-files.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-count-'));
  for (const path of ['src', 'node_modules/a', '.git/objects'])
    mkdirSync(join(folder, path), { recursive: true });
  for (const path of ['src/one', 'src/two', 'node_modules/a/b', '.git/objects/c'])
    writeFileSync(join(folder, path), '');
  symlinkSync('/usr', join(folder, 'link'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each([
  ['all, and nothing by a link', [], 100, 10],
  ['but for what is skipped', ['.git', 'node_modules'], 100, 4],
  ['no further than asked', [], 3, 4],
] as const)('countFiles: %s', async (_, skip, most, count) =>
  expect(await countFiles(folder, { skip, most, signal: AbortSignal.timeout(5000) })).toBe(count),
);
test('countFiles: none where nothing can be read', async () =>
  expect(await countFiles('/nowhere', { skip: [], most: 9, signal: AbortSignal.timeout(5000) })).toBe(0));
test('countFiles ends with its signal', () =>
  expect(countFiles(folder, { skip: [], most: 9, signal: AbortSignal.abort() })).rejects.toThrow());
