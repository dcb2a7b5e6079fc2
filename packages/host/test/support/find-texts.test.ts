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
  [4 * MIB - 3, 'over the edge of a piece'],
  [8 * MIB, 'behind a piece of holes'],
  [8 * MIB - 7, 'before a piece of holes'],
])('findTexts: at %d, %s', async (at) => {
  expect(await findTexts(await write({ [at]: 'needle!' }), ['needle!', 'needles'])).toEqual(['needle!']);
});
