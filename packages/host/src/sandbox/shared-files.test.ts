import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeRecord } from '../dns/testing.ts';
import { getPaths } from '../system/paths.ts';
import type { House } from './house.ts';
import { checkSharedFiles } from './shared-files.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'cspace-shared-'));
});
afterEach(() => rmSync(home, { recursive: true }));

/** A clone with ten files, four of them in node_modules (itself one); what is said of it, each a line. */
async function check(most: number | undefined, volumes: string[] = []): Promise<string[]> {
  const record = makeRecord('shop/mercury', { volumes });
  const paths = getPaths(home);
  const clone = paths.clone(record);
  mkdirSync(join(clone, 'node_modules'), { recursive: true });
  mkdirSync(join(clone, '.git'));
  for (let i = 0; i < 6; i += 1) writeFileSync(join(clone, `own-${i}`), '');
  for (let i = 0; i < 3; i += 1) writeFileSync(join(clone, `node_modules/${i}`), '');
  for (let i = 0; i < 50; i += 1) writeFileSync(join(clone, `.git/${i}`), '');
  const substrate = most === undefined ? {} : { getMostFiles: async () => most };
  const house = { paths, substrates: { get: () => substrate } } as unknown as House;
  const said: string[] = [];
  const report = { progress: (step: string, message: string) => void said.push(`${step}: ${message}`) };
  await checkSharedFiles(house, record, { report, signal: AbortSignal.timeout(5000) });
  return said;
}

test('trap-39: checkSharedFiles says nothing where the clone is small, or nothing bounds it', async () => {
  expect(await check(20)).toEqual([]);
  rmSync(join(home, 'clones'), { recursive: true });
  expect(await check(undefined)).toEqual([]);
});
test('trap-39: checkSharedFiles warns of a clone that is more than half of what can be in use', async () => {
  const [note = '', ...rest] = await check(19);
  expect(note).toStartWith('note: the clone of mercury has 10 files, and its machine can have 19 in use');
  expect(note).toContain('"volumes": ["node_modules"]');
  expect(rest).toEqual([]);
});
test('trap-39: checkSharedFiles refuses a clone that cannot be used whole', () =>
  expect(check(9)).rejects.toThrow('more files than its machine can have in use, which is 9'));
test('trap-39: checkSharedFiles does not count what is in a volume', async () =>
  expect(await check(12, ['node_modules'])).toEqual([]));
