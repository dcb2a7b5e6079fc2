import { afterEach, describe, expect } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  hadOutOfMemory,
  openCgroup,
  readCgroupLayout,
  removeCgroup,
} from '../../src/substrate/qemu/cgroup.ts';
import { testUnless } from '../support/test-unless.ts';

const NAME = { homeLabel: `test${process.pid}`, id: 'aaaaaaaaaaaa' };
const layout = readCgroupLayout();

function getReason(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  const opened = openCgroup(NAME, { memoryMiB: 64, cpus: 1, pids: 64 });
  if (!opened.cgroup) return `no cgroup can be made here: ${opened.finding.why}`;
  return undefined;
}

const test = testUnless(getReason());
afterEach(async () => {
  expect(await removeCgroup(NAME)).toBe(true);
});

/** Runs a script that first waits to be taken into a group with these bounds. */
async function runIn(script: string, bounds: { memoryMiB?: number; cpus?: number; pids?: number }) {
  const { cgroup } = openCgroup(NAME, { memoryMiB: 64, cpus: 1, pids: 64, ...bounds });
  const child = Bun.spawn(['sh', '-c', `read go; ${script}`], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'ignore',
    timeout: 20_000,
  });
  cgroup?.add(child.pid);
  child.stdin.write('go\n');
  await child.stdin.end();
  const stdout = await new Response(child.stdout).text();
  await child.exited;
  return { stdout, signal: child.signalCode };
}

describe('cgroup of a microVM', () => {
  test('memory: what uses more is killed, and that is known', async () => {
    const eats = 'exec dd if=/dev/zero of=/dev/null bs=256M count=1';
    expect((await runIn(eats, { memoryMiB: 32 })).signal).toBe('SIGKILL');
    expect(hadOutOfMemory(NAME)).toBe(true);
  });
  test('memory: nothing is known of what ends by itself', async () => {
    expect((await runIn('exec true', {})).signal).toBeNull();
    expect(hadOutOfMemory(NAME)).toBe(false);
  });
  test('processor time: a quarter', async () => {
    const spins =
      'end=$(($(date +%s) + 2)); while [ $(date +%s) -lt $end ]; do i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; done; times';
    const { stdout } = await runIn(spins, { cpus: 0.25 });
    const parts = [...stdout.matchAll(/(\d+)m([\d.]+)s/g)].map((m) => Number(m[1]) * 60 + Number(m[2]));
    const seconds = parts.reduce((sum, one) => sum + one, 0);
    expect(seconds).toBeGreaterThan(0.05);
    expect(seconds).toBeLessThan(1.2);
  });
  test('processes: no more than that', async () => {
    const { stdout } = await runIn('i=0; while [ $i -lt 40 ]; do sleep 2 & i=$((i+1)); done; echo all', {
      pids: 10,
    });
    expect(stdout).toBe('');
  });
  test('removeCgroup: not while a process is in it', async () => {
    const { cgroup } = openCgroup(NAME, { memoryMiB: 64, cpus: 1, pids: 64 });
    const child = Bun.spawn(['sleep', '20'], { timeout: 20_000 });
    cgroup?.add(child.pid);
    expect(await removeCgroup(NAME)).toBe(false);
    child.kill('SIGKILL');
    await child.exited;
  });
  test('openCgroup: the kernel’s refusal is a finding, and leaves nothing', () => {
    const root = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((folder) =>
      existsSync(join(folder, 'cgroup.subtree_control')),
    );
    if (root === undefined || layout?.version === 2) return;
    const refused = openCgroup(NAME, { memoryMiB: 64, cpus: 1, pids: 64 }, { version: 2, root });
    expect(refused).toMatchObject({ cgroup: undefined, finding: { ok: false } });
    expect(readdirSync(root)).not.toContain(`cspace-${NAME.homeLabel}`);
    expect(readFileSync(join(root, 'cgroup.controllers'), 'utf8')).not.toContain('memory');
  });
});
