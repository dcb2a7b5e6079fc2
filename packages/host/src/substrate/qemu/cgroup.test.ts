import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hadOutOfMemory, listCgroups, openCgroup, probeCgroups, removeCgroup } from './cgroup.ts';

const NAME = { homeLabel: '0123456789ab', id: 'aaaaaaaaaaaa' };
const BOUNDS = { memoryMiB: 1, cpus: 2, pids: 64 };
let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cspace-cgroup-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const HOME = 'cspace-0123456789ab';
const GROUP = `${HOME}/aaaaaaaaaaaa`;
/** A folder that looks as the kernel would make it. */
function plant(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}
const look = (path: string) => readFileSync(join(root, path), 'utf8');
const unified = () => ({ version: 2, root }) as const;

function plantUnified(): void {
  plant({ 'cgroup.subtree_control': '', [`${HOME}/cgroup.subtree_control`]: '' });
  for (const file of ['memory.max', 'cpu.max', 'pids.max', 'cgroup.procs'])
    plant({ [`${GROUP}/${file}`]: '' });
}

test('openCgroup of version 2: hands the controllers down, bounds, and takes processes in', () => {
  plantUnified();
  const { cgroup } = openCgroup(NAME, BOUNDS, unified());
  cgroup?.add(4711);
  const handed = '+memory +cpu +pids';
  expect([look('cgroup.subtree_control'), look(`${HOME}/cgroup.subtree_control`)]).toEqual([handed, handed]);
  expect(
    ['memory.max', 'cpu.max', 'pids.max', 'cgroup.procs'].map((file) => look(`${GROUP}/${file}`)),
  ).toEqual(['1048576', '200000 100000', '64', '4711']);
});
test('openCgroup of version 1: in each hierarchy its own, one for controllers that share', () => {
  for (const file of ['memory.limit_in_bytes', 'cgroup.procs']) plant({ [`memory/${GROUP}/${file}`]: '' });
  for (const file of ['cpu.cfs_period_us', 'cpu.cfs_quota_us', 'pids.max', 'cgroup.procs'])
    plant({ [`both/${GROUP}/${file}`]: '' });
  const both = join(root, 'both');
  const roots = { memory: join(root, 'memory'), cpu: both, pids: both };
  openCgroup(NAME, BOUNDS, { version: 1, roots }).cgroup?.add(4711);
  expect([look(`memory/${GROUP}/memory.limit_in_bytes`), look(`both/${GROUP}/pids.max`)]).toEqual([
    '1048576',
    '64',
  ]);
  expect([look(`memory/${GROUP}/cgroup.procs`), look(`both/${GROUP}/cgroup.procs`)]).toEqual([
    '4711',
    '4711',
  ]);
});
test('openCgroup: a finding where nothing is mounted, and where it cannot be made; nothing is left', () => {
  expect(openCgroup(NAME, BOUNDS, null)).toMatchObject({ cgroup: undefined, finding: { ok: false } });
  plant({ 'cgroup.subtree_control': '' });
  const failed = openCgroup(NAME, BOUNDS, unified());
  expect(failed).toMatchObject({
    cgroup: undefined,
    finding: { ok: false, why: expect.stringContaining(HOME) },
  });
  expect(existsSync(join(root, HOME))).toBe(false);
});
test('probeCgroups: a note where they are not what is wanted', () => {
  expect(probeCgroups({ version: 2, root: '/' })).toEqual({ ok: true, what: 'cgroups of version 2' });
  expect(probeCgroups(null)).toMatchObject({ ok: false, optional: true });
});
test('removeCgroup: the home’s folder goes with the last machine of it', async () => {
  mkdirSync(join(root, GROUP), { recursive: true });
  mkdirSync(join(root, HOME, 'bbbbbbbbbbbb'));
  expect(await removeCgroup(NAME, unified())).toBe(true);
  expect([existsSync(join(root, GROUP)), existsSync(join(root, HOME))]).toEqual([false, true]);
  expect(await removeCgroup({ ...NAME, id: 'bbbbbbbbbbbb' }, unified())).toBe(true);
  expect(existsSync(join(root, HOME))).toBe(false);
  expect(await removeCgroup(NAME, unified())).toBe(true);
});
test('listCgroups: each machine once, in whichever hierarchy', () => {
  const other = 'bbbbbbbbbbbb';
  plant({ [`memory/${GROUP}/tasks`]: '', [`cpu/${GROUP}/tasks`]: '', [`cpu/${HOME}/${other}/tasks`]: '' });
  const roots = { memory: join(root, 'memory'), cpu: join(root, 'cpu'), pids: join(root, 'pids') };
  expect(listCgroups(NAME.homeLabel, { version: 1, roots }).toSorted()).toEqual([NAME.id, other]);
  expect(listCgroups('ffffffffffff', { version: 1, roots })).toEqual([]);
});
test('removeCgroup: false where something is in it', async () => {
  plant({ [`${GROUP}/busy`]: '' });
  expect(await removeCgroup(NAME, unified())).toBe(false);
});
test.each([
  ['low 0\noom 3\noom_kill 1\n', true],
  ['low 0\noom 3\noom_kill 0\n', false],
])('hadOutOfMemory: %j is %p', (text, had) => {
  plant({ [`${GROUP}/memory.events`]: text });
  expect(hadOutOfMemory(NAME, unified())).toBe(had);
});
test('hadOutOfMemory: no where there is no group', () => expect(hadOutOfMemory(NAME, unified())).toBe(false));
