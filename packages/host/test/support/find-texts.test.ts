import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTexts } from './find-texts.ts';

const MIB = 1024 * 1024;
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-find-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of 17 MiB, all holes but for these. */
async function write(texts: Record<number, string>): Promise<string> {
  const path = join(folder, 'file');
  writeFileSync(path, '');
  truncateSync(path, 17 * MIB);
  const file = await open(path, 'r+');
  for (const [at, text] of Object.entries(texts)) await file.write(text, Number(at));
  await file.close();
  return path;
}

test.each([
  [0, 'at the beginning'],
  [17 * MIB - 7, 'at the end'],
  [8 * MIB, 'behind a hole'],
  [8 * MIB + 4090, 'over the edge of a page'],
])('findTexts: at %d, %s', async (at) => {
  expect(await findTexts(await write({ [at]: 'needle!' }), ['needle!', 'needles'])).toEqual(['needle!']);
});
test('findTexts: a file that is not there throws', () =>
  expect(findTexts(join(folder, 'nowhere'), ['needle!'])).rejects.toThrow('nowhere'));
