import { afterEach, beforeEach, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toProblem } from '@cspace/protocol/problem';
import { makeInitrd } from './initrd.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'initrd-'));
  mkdirSync(join(folder, 'modules'));
  writeFileSync(join(folder, 'init'), 'program');
  chmodSync(join(folder, 'init'), 0o755);
  writeFileSync(join(folder, 'modules/10-a.ko'), 'module');
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = async () => Buffer.from(await makeInitrd(folder)).toString('latin1');

test('makeInitrd has the folder’s files, and a console that no folder has', async () => {
  const archive = await read();
  for (const part of ['dev/console\0', 'init\0', 'program', 'modules/10-a.ko\0', 'module']) {
    expect(archive).toContain(part);
  }
});
test('makeInitrd: when a file was written makes no difference, what it may does', async () => {
  const before = await read();
  utimesSync(join(folder, 'init'), 1, 1);
  expect(await read()).toBe(before);
  chmodSync(join(folder, 'init'), 0o644);
  expect(await read()).not.toBe(before);
});
test('makeInitrd refuses a link by its name', async () => {
  symlinkSync('init', join(folder, 'linuxrc'));
  const problem = toProblem(await makeInitrd(folder).catch((error) => error));
  expect(problem).toMatchObject({ code: 'image-build-failed', why: expect.stringContaining('linuxrc') });
});
