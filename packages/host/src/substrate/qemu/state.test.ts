import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getMachine, listHostIds, type MachineRecord, openStateStore } from './state.ts';

const ID = '0123456789ab';
const RECORD: MachineRecord = {
  v: 1,
  id: ID,
  spec: {
    ref: { project: 'shop', sandbox: 'mercury' },
    homeLabel: '0',
    image: 'localhost/cspace:1',
    owner: { uid: 1501, gid: 1501 },
    mounts: [{ source: '/clone', target: '/workspace', readOnly: false }],
    volumes: [],
    network: 'nat',
    limits: { cpus: 1, memoryMiB: 256, pids: 64 },
    sysctls: {},
    env: { A: 'b' },
    folder: '/machine',
  },
  phase: 'running',
  qemu: { pid: 5, startTime: 7 },
  share: { pid: 6, startTime: 8 },
  address: '192.168.64.2',
  restored: false,
  startedAt: '2026-11-27T00:00:00.000Z',
  exit: null,
};

let home: string;
const folder = () => join(home, '0/vm');
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'cspace-state-'));
  mkdirSync(join(folder(), ID), { recursive: true });
});
afterEach(() => rmSync(home, { recursive: true }));
const write = (text: string, id = ID) => {
  mkdirSync(join(folder(), id), { recursive: true });
  writeFileSync(join(folder(), id, 'machine.json'), text);
};

test('put: what was put is found, by nobody but us', async () => {
  const store = openStateStore(folder());
  await store.put(RECORD);
  expect(await store.find(RECORD.spec.ref)).toEqual(RECORD);
  expect(await store.find({ project: 'shop', sandbox: 'mercury2' })).toBeUndefined();
  expect(statSync(join(folder(), ID, 'machine.json')).mode & 0o777).toBe(0o600);
});
test('put: what could not be read again is refused', () =>
  expect(
    openStateStore(folder()).put({ ...RECORD, spec: { ...RECORD.spec, ...{ more: 1 } } }),
  ).rejects.toThrow('more'));
test('find: a machine of before networks were written down', async () => {
  const { network: _, ...spec } = RECORD.spec;
  write(JSON.stringify({ ...RECORD, spec }));
  expect(await openStateStore(folder()).find(spec.ref)).toEqual(RECORD);
});
test('remove: the folder goes, and may be gone', async () => {
  const store = openStateStore(folder());
  await store.put(RECORD);
  for (const _ of [1, 2]) await store.remove(ID);
  expect(readdirSync(folder())).toEqual([]);
  expect(await store.list()).toEqual([]);
});
test.each([
  ['nothing', ''],
  ['half of one', JSON.stringify(RECORD).slice(0, 100)],
  ['one of another version', JSON.stringify({ ...RECORD, v: 2 })],
  ['one of another machine', JSON.stringify({ ...RECORD, id: 'ffffffffffff' })],
])('list: a record that is %s is none, and hides no other', async (_, text) => {
  write(text);
  const other = { ...RECORD, id: 'aaaaaaaaaaaa' };
  write(JSON.stringify(other), other.id);
  const store = openStateStore(folder());
  expect(await store.list()).toEqual([other]);
  expect(await store.listIds()).toEqual([ID, other.id]);
});
test('list: where there is no folder there are no machines', async () =>
  expect(await openStateStore(join(home, 'nowhere')).list()).toEqual([]));
test('listHostIds: of all homes', async () => {
  mkdirSync(join(home, '1/vm/bbbbbbbbbbbb'), { recursive: true });
  mkdirSync(join(home, '1/vm/other'), { recursive: true });
  expect([...new Set(await listHostIds(folder()))].sort()).toEqual([ID, 'bbbbbbbbbbbb']);
});

describe('getMachine', () => {
  test('one that runs has a pid and no exit code', () =>
    expect(getMachine(RECORD)).toMatchObject({
      state: 'running',
      pid: 5,
      exitCode: null,
      outOfMemory: false,
    }));
  test('one whose start is under way is not yet running', () =>
    expect(getMachine({ ...RECORD, phase: 'starting' })).toMatchObject({ state: 'created', pid: null }));
  test('one that ended says how', () => {
    const exit = { code: 137, outOfMemory: true, reason: 'why' };
    expect(getMachine({ ...RECORD, phase: 'ended', qemu: null, exit })).toMatchObject({
      state: 'exited',
      pid: null,
      exitCode: 137,
      outOfMemory: true,
      reason: 'why',
    });
  });
  test('one that is started again is not what it was', () => {
    const exit = { code: 1, outOfMemory: false };
    expect(getMachine({ ...RECORD, phase: 'starting', exit }).exitCode).toBeNull();
  });
});
