import { afterEach, beforeEach, expect } from 'bun:test';
import { closeSync, fstatSync, mkdtempSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testUnless } from '../../../../test/support/test-unless.ts';
import { openMemoryFile } from '../../../system/memory-file.ts';
import { fillMemory, saveMemory } from './memory.ts';
import type { Template } from './store.ts';

const MIB = 1024 * 1024;
const reason = process.platform === 'linux' && process.getuid?.() === 0 ? undefined : 'needs Linux and root';
const testHere = testUnless(reason);
const signal = () => AbortSignal.timeout(20_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-memory-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = () => openMemoryFile('cspace-test', { bytes: 256 * MIB, uid: 65_534 });
const template = (ram: string): Template => ({ key: '', folder, ram, state: '', disk: undefined });
const taken = (file: { blocks: number }) => file.blocks * 512;

testHere('saveMemory, fillMemory: what was written is there again, and nothing else takes room', async () => {
  const ram = join(folder, 'ram');
  const [first, second] = [open(), open()];
  try {
    writeSync(first, 'near the end', 255 * MIB);
    await saveMemory(first, ram, signal());
    expect(statSync(ram).size).toBe(256 * MIB);
    expect(taken(statSync(ram))).toBeLessThan(MIB);
    const groups: number[] = [];
    await fillMemory(second, template(ram), { cgroup: { add: (pid) => groups.push(pid) }, signal: signal() });
    const bytes = Buffer.alloc(12);
    readSync(second, bytes, 0, 12, 255 * MIB);
    expect(bytes.toString()).toBe('near the end');
    expect(fstatSync(second)).toMatchObject({ size: 256 * MIB, uid: 65_534 });
    expect(fstatSync(second).mode & 0o777).toBe(0o600);
    expect(taken(fstatSync(second))).toBeLessThan(MIB);
    expect(groups).toHaveLength(1);
  } finally {
    for (const fd of [first, second]) closeSync(fd);
  }
});
testHere('fillMemory: a template that is gone is an error that says so', async () => {
  const memory = open();
  const filling = fillMemory(memory, template(join(folder, 'gone')), { cgroup: undefined, signal: signal() });
  await expect(filling).rejects.toThrow(/cp: .*No such file/);
  closeSync(memory);
});
