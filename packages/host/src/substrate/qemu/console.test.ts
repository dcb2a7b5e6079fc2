import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appendConsole, findPanic, getConsoleTail, markConsole, readConsoleEnd } from './console.ts';

const OWNER = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
let folder: string;
const log = () => join(folder, 'console.log');
const append = (text: string | Buffer) => appendConsole(folder, OWNER, Buffer.from(text));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-console-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('appendConsole: piece by piece, for the owner alone', async () => {
  await append('one\n');
  await append('two\n');
  expect(readFileSync(log(), 'utf8')).toBe('one\ntwo\n');
  expect(statSync(log()).mode & 0o777).toBe(0o600);
  expect((await readConsoleEnd(folder)).toString()).toBe('one\ntwo\n');
});
test('appendConsole: a full log becomes the one before, of which there is one', async () => {
  const piece = Buffer.alloc(1024 * 1024, 'a');
  for (let count = 0; count < 9; count += 1) await append(piece);
  expect(statSync(`${log()}.1`).size).toBe(4 * 1024 * 1024);
  expect(statSync(log()).size).toBe(1024 * 1024);
});
test('appendConsole: never through a link', async () => {
  const target = join(folder, 'target');
  writeFileSync(target, '');
  symlinkSync(target, log());
  await expect(append('x')).rejects.toThrow();
  expect(readFileSync(target, 'utf8')).toBe('');
});
test('appendConsole: nothing makes no file', async () => {
  await append('');
  expect(existsSync(log())).toBe(false);
  expect((await readConsoleEnd(folder)).length).toBe(0);
});
test('readConsoleEnd: of the guest that was started last', async () => {
  await append('of the first\n');
  await markConsole(folder, OWNER);
  expect((await readConsoleEnd(folder)).toString()).toBe('');
  await append('of the second\n');
  expect((await readConsoleEnd(folder)).toString()).toBe('of the second\n');
});
test('getConsoleTail: the last lines, and of a guest’s bytes what can be printed', () => {
  const text = `${'old\n'.repeat(50)}\x1b[1;31mred\x1b[0m\r\nbell\x07\n\n`;
  expect(getConsoleTail(Buffer.from(text), 2)).toBe('red\nbell');
});
test('findPanic: what the kernel said, bounded', () => {
  const said = 'Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100';
  expect(findPanic(Buffer.from(`[    1.2] ${said}\r\n[    1.3] CPU: 0\r\n`))).toBe(said);
  expect(findPanic(Buffer.from('all is well\n'))).toBeUndefined();
  expect(findPanic(Buffer.from(`Kernel panic - not syncing: ${'x'.repeat(5000)}`))?.length).toBeLessThan(300);
});
