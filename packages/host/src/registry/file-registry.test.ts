import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { getPaths, type Paths } from '../system/paths.ts';
import { openFileRegistry } from './file-registry.ts';
import type { SandboxRecord } from './record.ts';

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const mercury: SandboxRecord = {
  v: 1,
  project: 'shop',
  sandbox: 'mercury',
  repository: '/src/shop',
  branch: 'cspace/mercury',
  state: 'running',
  fresh: false,
  address: '192.168.64.2',
  substrate: 'podman',
  limits: { cpus: 2, memoryMiB: 1024, pids: 512 },
  network: 'nat',
  volumes: [],
  model: null,
  practice: true,
  session: null,
  createdAt: '2026-01-01T00:00:00.000Z',
};

let paths: Paths;
beforeEach(async () => {
  paths = getPaths(await mkdtemp(join(tmpdir(), 'cspace-registry-')));
});
afterEach(() => rm(paths.home, { recursive: true }));

async function plant(sandbox: string, content: string) {
  const path = paths.record({ project: 'shop', sandbox });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

describe('openFileRegistry', () => {
  test('put is read again by the next one', async () => {
    await (await openFileRegistry(paths, owner)).put(mercury);
    const again = await openFileRegistry(paths, owner);
    expect(again.list()).toEqual([mercury]);
    expect(again.get({ project: 'shop', sandbox: 'mercury' })).toEqual(mercury);
  });

  test('remove takes the file away, twice without complaint', async () => {
    const registry = await openFileRegistry(paths, owner);
    await registry.put(mercury);
    await registry.remove(mercury);
    await registry.remove(mercury);
    expect((await openFileRegistry(paths, owner)).list()).toEqual([]);
  });

  test('onChange is called once readers see it, and when a change is taken back', async () => {
    const registry = await openFileRegistry(paths, owner);
    const seen: string[][] = [];
    registry.onChange(() => seen.push(registry.list().map(({ state }) => state)));
    const first = registry.put(mercury);
    expect(seen).toEqual([['running']]);
    await first;
    await rm(dirname(paths.record(mercury)), { recursive: true });
    await writeFile(dirname(paths.record(mercury)), 'in the way');
    await registry.put({ ...mercury, state: 'stopped' }).catch(() => undefined);
    await rm(dirname(paths.record(mercury)));
    await registry.remove(mercury);
    expect(seen.slice(1)).toEqual([['stopped'], ['running'], []]);
  });

  test('remove while put still writes leaves no file, and the last of many puts is on disk', async () => {
    const registry = await openFileRegistry(paths, owner);
    await Promise.all([registry.put(mercury), registry.remove(mercury)]);
    expect((await openFileRegistry(paths, owner)).list()).toEqual([]);
    const puts = Array.from({ length: 20 }, (_, n) => registry.put({ ...mercury, session: `s${n}` }));
    await Promise.all(puts);
    expect((await openFileRegistry(paths, owner)).list()).toEqual([{ ...mercury, session: 's19' }]);
  });

  test('put refuses what is not a record and keeps the old one', async () => {
    const registry = await openFileRegistry(paths, owner);
    await registry.put(mercury);
    const bad = { ...mercury, state: 'asleep' } as unknown as SandboxRecord;
    expect(registry.put(bad)).rejects.toThrow();
    expect(JSON.parse(await readFile(paths.record(mercury), 'utf8'))).toEqual(mercury);
  });

  test('put is seen by readers before it is on disk, and no longer where that fails', async () => {
    const registry = await openFileRegistry(paths, owner);
    const first = registry.put(mercury);
    expect(registry.list()).toEqual([mercury]);
    await first;
    await rm(dirname(paths.record(mercury)), { recursive: true });
    await writeFile(dirname(paths.record(mercury)), 'in the way');
    expect(registry.put({ ...mercury, state: 'stopped' })).rejects.toThrow();
    await Bun.sleep(20);
    expect(registry.list()).toEqual([mercury]);
  });

  test('revision is another one after every change, also where a change is taken back', async () => {
    const registry = await openFileRegistry(paths, owner);
    const seen = [registry.revision];
    await registry.put(mercury);
    seen.push(registry.revision);
    await registry.remove(mercury);
    seen.push(registry.revision);
    await rm(dirname(paths.record(mercury)), { recursive: true });
    await writeFile(dirname(paths.record(mercury)), 'in the way');
    const failing = registry.put(mercury);
    seen.push(registry.revision);
    await expect(failing).rejects.toThrow();
    seen.push(registry.revision);
    expect(new Set(seen).size).toBe(seen.length);
    expect(registry.get(mercury)).toBeUndefined();
  });

  test.each([
    ['empty', ''],
    ['garbage', '\0\0{{{'],
    ['of another version', JSON.stringify({ ...mercury, v: 2 })],
    ['of another sandbox', JSON.stringify(mercury)],
  ])('a record that is %s is listed as broken, beside the good one', async (_, content) => {
    await (await openFileRegistry(paths, owner)).put(mercury);
    await plant('venus', content);
    const registry = await openFileRegistry(paths, owner);
    expect(registry.list()).toEqual([mercury]);
    expect(registry.listBroken().map((b) => b.ref.sandbox)).toEqual(['venus']);
  });

  test('a symbolic link in place of a record is not followed', async () => {
    await (await openFileRegistry(paths, owner)).put(mercury);
    await symlink(paths.record(mercury), paths.record({ project: 'shop', sandbox: 'venus' }));
    const registry = await openFileRegistry(paths, owner);
    expect(registry.listBroken()).toEqual([
      { ref: { project: 'shop', sandbox: 'venus' }, reason: 'not a regular file' },
    ]);
  });

  test('a record of every length cut off is broken or whole, never a crash', async () => {
    const whole = JSON.stringify(mercury);
    for (let length = 0; length < whole.length; length += 7) {
      await plant('mercury', whole.slice(0, length));
      const registry = await openFileRegistry(paths, owner);
      expect(registry.listBroken()).toHaveLength(1);
    }
  });
});
