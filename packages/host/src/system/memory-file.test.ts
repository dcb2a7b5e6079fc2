import { describe, expect } from 'bun:test';
import { closeSync, fstatSync, readFileSync, writeSync } from 'node:fs';
import { testUnless } from '../../test/support/test-unless.ts';
import { openMemoryFile } from './memory-file.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const uid = process.getuid?.() ?? 0;
const isRoot = process.platform === 'linux' && uid === 0;
const SETTING = '/sys/kernel/mm/transparent_hugepage/shmem_enabled';

function readObstacle(): string | undefined {
  if (!isRoot) return 'needs Linux and root';
  try {
    return readFileSync(SETTING, 'utf8').includes('[deny]') ? 'this host denies huge pages' : undefined;
  } catch {
    return 'the kernel has no huge pages for files in memory';
  }
}

describe.each([false, true])('a file in memory, huge: %p', (huge) => {
  const testHere = testUnless(isRoot ? undefined : 'needs Linux and root');

  testHere('is somebody’s alone, and empty', () => {
    const memory = openMemoryFile('cspace-test', { bytes: 5 * MIB, uid: 65_534, huge });
    expect(fstatSync(memory)).toMatchObject({ size: 5 * MIB, uid: 65_534, blocks: 0, nlink: 0 });
    expect(fstatSync(memory).mode & 0o777).toBe(0o600);
    closeSync(memory);
  });
  testHere('is closed on exec', () => {
    const memory = openMemoryFile('cspace-test', { bytes: 4 * KIB, uid, huge });
    const { stdout } = Bun.spawnSync(['sh', '-c', 'for f in /proc/self/fd/*; do readlink "$f"; done; true']);
    closeSync(memory);
    expect(stdout.toString()).not.toMatch(/cspace-test|\/#\d+/);
  });
  testHere('is mounted nowhere', () => {
    const memory = openMemoryFile('cspace-test', { bytes: 4 * KIB, uid, huge });
    const before = readFileSync('/proc/self/mountinfo', 'utf8');
    closeSync(memory);
    expect(before).toBe(readFileSync('/proc/self/mountinfo', 'utf8'));
  });
});

testUnless(readObstacle())(
  'openMemoryFile: the first byte takes a whole page, which is huge if asked for',
  () => {
    const take = (huge: boolean) => {
      const memory = openMemoryFile('cspace-test', { bytes: 3 * MIB, uid, huge });
      writeSync(memory, 'x', 2.5 * MIB);
      const { blocks } = fstatSync(memory);
      closeSync(memory);
      return blocks * 512;
    };
    expect(take(false)).toBe(4 * KIB);
    expect(take(true)).toBe(2 * MIB);
  },
);
