import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pickOld, pruneTemplates } from './prune.ts';
import { findTemplate, getTemplateFile, getTemplatesFolder } from './store.ts';

const GIB = 1024 ** 3;
const of = (folder: string, usedAt: number, bytes = 1, isOfUse = true) => ({
  ...{ folder, usedAt, bytes, isOfUse, file: undefined },
});
const names = (kept: Parameters<typeof pickOld>[0]) => pickOld(kept).map(({ folder }) => folder);

test('pickOld: none of a few', () => expect(names([of('a', 1), of('b', 2)])).toEqual([]));
test('pickOld: what nobody can use', () => expect(names([of('a', 1), of('b', 9, 1, false)])).toEqual(['b']));
test('pickOld: used longest ago, where they are more than four', () =>
  expect(names([3, 1, 5, 2, 4, 6].map((at) => of(`${at}`, at)))).toEqual(['2', '1']));
test('pickOld: used longest ago, where they take more than 2 GiB', () =>
  expect(names([of('a', 1, GIB), of('b', 2, GIB), of('c', 3, GIB)])).toEqual(['a']));

let store: string;
beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), 'cspace-templates-'));
});
afterEach(() => rmSync(store, { recursive: true }));

const key = (digit: number) => `${digit}`.repeat(64);
function put(digit: number, { kit = 'kit', whole = true, standby = false } = {}): void {
  const folder = join(getTemplatesFolder(store), key(digit));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'ram'), 'ram');
  if (whole) writeFileSync(join(folder, 'state'), 'state');
  const file = { v: 1, key: key(digit), kit, root: 'root', standby };
  writeFileSync(getTemplateFile(folder), JSON.stringify(file));
  utimesSync(getTemplateFile(folder), digit, digit);
}
const prune = () => pruneTemplates(store, async (kit, root) => kit === 'kit' && root === 'root');
const left = () => readdirSync(getTemplatesFolder(store)).sort();

test('pruneTemplates: takes away what is half made, broken, or of an image that is gone, and leaves what is not ours', async () => {
  put(1);
  put(2, { kit: 'gone' });
  put(3, { whole: false });
  mkdirSync(join(getTemplatesFolder(store), '.partial-0123'));
  mkdirSync(join(getTemplatesFolder(store), 'mine'));
  await prune();
  expect(left()).toEqual([key(1), 'mine']);
});
test('pruneTemplates: finding one is using it', async () => {
  for (const digit of [1, 2, 3, 4, 5]) put(digit);
  expect((await findTemplate(store, key(1)))?.ram).toBe(join(getTemplatesFolder(store), key(1), 'ram'));
  await prune();
  expect(left()).toEqual([1, 3, 4, 5].map(key));
});
test('findTemplate: undefined where a part of it is missing, or it is another one', async () => {
  put(1, { whole: false });
  put(2);
  put(4, { standby: true });
  writeFileSync(getTemplateFile(join(getTemplatesFolder(store), key(2))), '{"v":1}');
  expect(await findTemplate(store, key(1))).toBeUndefined();
  expect(await findTemplate(store, key(2))).toBeUndefined();
  expect(await findTemplate(store, key(3))).toBeUndefined();
  expect(await findTemplate(store, key(4))).toBeUndefined();
  writeFileSync(join(getTemplatesFolder(store), key(4), 'disk'), 'disk');
  expect((await findTemplate(store, key(4)))?.disk).toEndWith('/disk');
});
