import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeLock } from './lock.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-lock-'));
  path = join(folder, 'supervisor.lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const HOLDER = `
const { takeLock } = await import(${JSON.stringify(join(import.meta.dir, 'lock.ts'))});
takeLock(process.argv[1]);
console.log('held');
setTimeout(() => {}, 60_000);
`;

/** Another process that holds the lock. */
async function startHolder() {
  const child = Bun.spawn([process.execPath, '-e', HOLDER, path], {
    stdout: 'pipe',
    stderr: 'inherit',
    timeout: 20_000,
  });
  const { value } = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toContain('held');
  return child;
}

test('takeLock: one at a time, in one process too', () => {
  const unlock = takeLock(path);
  expect(() => takeLock(path)).toThrow(`another supervisor has this session: process ${process.pid}`);
  unlock();
  takeLock(path)();
});

test('takeLock: refused while another process lives, taken over when it was killed', async () => {
  const holder = await startHolder();
  try {
    expect(() => takeLock(path)).toThrow(`process ${holder.pid}`);
    holder.kill('SIGSTOP');
    expect(() => takeLock(path)).toThrow(`process ${holder.pid}`);
  } finally {
    holder.kill('SIGKILL');
    await holder.exited;
  }
  const unlock = takeLock(path);
  expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
  unlock();
});

test('takeLock: a pid that lives but holds nothing is no holder', () => {
  writeFileSync(path, `${process.ppid}\n`);
  takeLock(path)();
});

test('takeLock: follows no link', () => {
  const other = join(folder, 'other');
  writeFileSync(other, 'kept');
  symlinkSync(other, path);
  expect(() => takeLock(path)).toThrow('ELOOP');
  expect(readFileSync(other, 'utf8')).toBe('kept');
});
