import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryLockFile } from './file-lock.ts';

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const program = `
  import { tryLockFile } from ${JSON.stringify(join(import.meta.dir, 'file-lock.ts'))};
  const held = tryLockFile(process.argv[1], ${JSON.stringify(owner)});
  console.log(held ? 'held' : 'refused');
  if (held) setInterval(() => {}, 1000);`;

function start(path: string) {
  const child = Bun.spawn([process.execPath, '-e', program, path], { stdout: 'pipe', timeout: 10_000 });
  return {
    child,
    word: async () => new TextDecoder().decode((await child.stdout.getReader().read()).value).trim(),
  };
}

test('tryLockFile lets one process in, and the next once that one was killed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cspace-lock-'));
  const path = join(folder, 'lock');
  try {
    const first = start(path);
    expect(await first.word()).toBe('held');
    expect(await start(path).word()).toBe('refused');
    expect(tryLockFile(path, owner)).toBeUndefined();
    first.child.kill('SIGKILL');
    await first.child.exited;
    tryLockFile(path, owner)?.();
    const next = start(path);
    expect(await next.word()).toBe('held');
    next.child.kill('SIGKILL');
    await next.child.exited;
  } finally {
    rmSync(folder, { recursive: true });
  }
});
