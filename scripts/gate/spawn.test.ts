import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { runGroup } from './spawn.ts';

const run = (script: string, deadlineMs = 10_000, groups = new Set<number>()) =>
  runGroup(['sh', '-c', script], { env: process.env, deadlineMs, capture: true }, groups);

/** A zombie that PID 1 is slow to reap runs no more. */
function isRunning(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && !/\) Z /.test(readFileSync(file, 'utf8'));
}

test('runGroup gives exit code and output', async () => {
  const { code, output } = await run('echo out; echo err >&2; exit 3');
  // Each stream keeps its order; between two pipes there is none.
  expect([code, ...output.trim().split('\n').sort()]).toEqual([3, 'err', 'out']);
});

test('runGroup: a program that does not exist', async () => {
  const options = { env: {}, deadlineMs: 1000, capture: true };
  expect((await runGroup(['/no/such/program'], options, new Set())).code).toBe(127);
});

test('runGroup ends the whole group at the deadline', async () => {
  const ended = await run('sleep 61 & echo $!; wait', 200);
  expect(ended).toMatchObject({ timedOut: true, code: 143 });
  expect(isRunning(Number(ended.output))).toBe(false);
});

test('runGroup: what outlives the first process of the group is killed', async () => {
  const groups = new Set<number>();
  const ended = await run('sleep 62 >/dev/null 2>&1 & echo $!', 10_000, groups);
  expect(ended.code).toBe(0);
  await Bun.sleep(50);
  expect(isRunning(Number(ended.output))).toBe(false);
  expect(groups.size).toBe(0);
});
