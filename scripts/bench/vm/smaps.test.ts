import { describe, expect, test } from 'bun:test';
import { parseSmaps } from './smaps.ts';

const mapping = (path: string, kiB: number) =>
  `7f0000000000-7f0040000000 rw-s 00000000 00:01 12 ${path.padStart(40)}\nSize: 999 kB\nPss: ${String(kiB).padStart(9)} kB\nPss_Dirty: 7 kB\n`;

describe('parseSmaps', () => {
  test.each([
    ['booted', '/#1234 (deleted)'],
    ['from a template', '/memfd:cspace (deleted)'],
  ])('the guest’s memory is told apart: %s', (_, path) => {
    const text = mapping('/usr/bin/qemu-system-x86_64', 100) + mapping(path, 3000) + mapping('', 20);
    expect(parseSmaps(text)).toEqual({ all: 3120, guest: 3000 });
  });

  test('neither a file of such a name on a disk nor nothing is a guest’s', () => {
    expect(parseSmaps(mapping('/var/#12 (deleted)', 5))).toEqual({ all: 5, guest: 0 });
    expect(parseSmaps('')).toEqual({ all: 0, guest: 0 });
  });
});
