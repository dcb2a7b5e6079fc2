import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GUEST } from '../../system/paths.ts';
import { getFirstProgram } from './first-program.ts';
import { isLetGo, letGo, parseLastWord, prepareWords, readLastWord } from './last-word.ts';

let folder: string;
const started: Bun.Subprocess[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-first-'));
  await prepareWords(folder);
});
afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill('SIGKILL');
    await child.exited;
  }
  rmSync(folder, { recursive: true });
});

/** The first program, in the place of a guest's, with its folders here. */
function start(script: string, sysctls: Record<string, string> = {}) {
  const argv = getFirstProgram({ argv: ['/bin/sh', '-c', script], volumes: [], sysctls }).map((word) =>
    word === GUEST.orders ? join(folder, 'orders') : word === GUEST.words ? join(folder, 'words') : word,
  );
  // By a route of this host's it would make rules of this host's: here it finds none.
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const name of ['ip', 'nft']) writeFileSync(join(bin, name), '#!/bin/sh\n', { mode: 0o755 });
  const child = Bun.spawn(['/bin/sh', ...argv], {
    cwd: folder,
    env: { PATH: `${bin}:/usr/bin:/bin` },
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: 20_000,
  });
  started.push(child);
  return child;
}
async function waitForFile(name: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!existsSync(join(folder, name))) {
    if (performance.now() > deadline) throw new Error(`no ${name}`);
    await Bun.sleep(10);
  }
}

test('first program: waits for the host’s word before it runs the image’s own', async () => {
  const child = start('touch ran');
  await Bun.sleep(200);
  expect(existsSync(join(folder, 'ran'))).toBe(false);
  await letGo(folder);
  expect(await child.exited).toBe(0);
  expect(existsSync(join(folder, 'ran'))).toBe(true);
});
test('first program: its exit code is that of the image’s, and its last word', async () => {
  await letGo(folder);
  expect(await start('exit 42').exited).toBe(42);
  expect(await readLastWord(folder)).toEqual({ exitCode: 42, outOfMemory: false });
});
test('first program: hands SIGTERM on, and waits for what comes of it', async () => {
  await letGo(folder);
  const child = start('trap "sleep 0.2; exit 7" TERM; touch ready; while :; do sleep 0.1; done');
  await waitForFile('ready');
  child.kill('SIGTERM');
  expect(await child.exited).toBe(7);
  expect((await readLastWord(folder)).exitCode).toBe(7);
});
test('first program: a program that ends at once, as SIGTERM comes, has its own exit code', async () => {
  await letGo(folder);
  // One in ten was lost where the wait was cut short.
  for (let count = 0; count < 25; count += 1) {
    rmSync(join(folder, 'ready'), { force: true });
    const child = start('trap "exit 7" TERM; touch ready; sleep 5 & wait');
    await waitForFile('ready');
    child.kill('SIGTERM');
    expect([count, await child.exited]).toEqual([count, 7]);
  }
}, 60_000);
test('first program: ends at SIGTERM while it waits', async () => {
  const child = start('touch ran');
  await Bun.sleep(150);
  child.kill('SIGTERM');
  expect(await child.exited).toBe(143);
});
test('first program: what it runs does not ignore SIGINT', async () => {
  await letGo(folder);
  const child = start("sed -n 's/^SigIgn:\\s*//p' /proc/self/status");
  expect(await child.exited).toBe(0);
  // SIGINT is 2 and SIGQUIT 3: bits 1 and 2.
  expect(Number.parseInt(await new Response(child.stdout).text(), 16) & 0b110).toBe(0);
});
test('first program: settings that cannot be written are passed over in silence', async () => {
  await letGo(folder);
  const child = start('exit 0', { 'kernel.ostype': 'x', 'no.such': '1' });
  expect(await child.exited).toBe(0);
  expect(await new Response(child.stderr).text()).toBe('');
});

test('readLastWord: killed where there is none', async () =>
  expect(await readLastWord(folder)).toEqual({ exitCode: 137, outOfMemory: false }));
test('trap-41: readLastWord: a link that the guest put there is not followed', async () => {
  writeFileSync(join(folder, 'secret'), '3\n');
  symlinkSync(join(folder, 'secret'), join(folder, 'words/ended'));
  expect((await readLastWord(folder)).exitCode).toBe(137);
});
test('trap-6: prepareWords: what an earlier start left is gone', async () => {
  writeFileSync(join(folder, 'words/ended'), '0\n');
  await letGo(folder);
  await prepareWords(folder);
  expect([isLetGo(folder), existsSync(join(folder, 'words/ended'))]).toEqual([false, false]);
});
test('prepareWords: what the guest made of its folder is no folder of ours', async () => {
  rmSync(join(folder, 'words'), { recursive: true });
  mkdirSync(join(folder, 'elsewhere'));
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'words'));
  await expect(prepareWords(folder)).rejects.toThrow('ENOTDIR');
});
test.each([
  ['0\n', { exitCode: 0, outOfMemory: false }],
  ['137 oom\n', { exitCode: 137, outOfMemory: true }],
  ['42', undefined],
  ['x\n', undefined],
  ['', undefined],
])('parseLastWord: %j', (text, word) => expect(parseLastWord(text)).toEqual(word as never));
test('letGo: an empty file that all can see', async () => {
  await letGo(folder);
  expect(readFileSync(join(folder, 'orders/go'), 'utf8')).toBe('');
});
