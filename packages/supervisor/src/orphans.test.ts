import { expect, test } from 'bun:test';
import { getAgentProcesses, sweepAgents } from './orphans.ts';

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** A shell with the mark, one child in a session of its own, one that has shed its environment. */
async function startTree(mark: string) {
  const script = 'setsid tail -f /dev/null & env -i /usr/bin/tail -f /dev/null & echo ready; wait';
  const env = { PATH: process.env.PATH ?? '', CSPACE_AGENT: mark };
  const child = Bun.spawn(['sh', '-c', script], { env, stdout: 'pipe', timeout: 20_000 });
  await child.stdout.getReader().read();
  await Bun.sleep(100);
  return child;
}

test('sweepAgents: kills what carries the mark in any session, and its children, and nothing else', async () => {
  const ours = await startTree('/tmp/mark-one');
  const other = await startTree('/tmp/mark-one-and-more');
  try {
    expect(await sweepAgents('/tmp/mark-one')).toBe(3);
    await ours.exited;
    expect(isAlive(ours.pid)).toBe(false);
    expect(isAlive(other.pid)).toBe(true);
    expect(await sweepAgents('/tmp/mark-one')).toBe(0);
  } finally {
    expect(await sweepAgents('/tmp/mark-one-and-more')).toBe(3);
    await other.exited;
  }
}, 30_000);

test('getAgentProcesses: the marked, all below them, never ourselves', () => {
  const processes = [
    { pid: 11, parent: 10, marked: false },
    { pid: 10, parent: 1, marked: true },
    { pid: 12, parent: 11, marked: false },
    { pid: 13, parent: 1, marked: false },
    { pid: process.pid, parent: 1, marked: true },
  ];
  expect(getAgentProcesses(processes).sort()).toEqual([10, 11, 12]);
});
