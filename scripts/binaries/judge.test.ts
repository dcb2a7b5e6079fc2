import { expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { testUnless } from '../../packages/host/test/support/test-unless.ts';
import { judgeProgram } from './judge.ts';

const PAGE = 4096;
const ARM64 = 0x0100000c;

/** A Mach-O program of one library and one page of nothing, signed by nobody. */
function makeMachO({ machine = ARM64, dylib = '/usr/lib/libSystem.B.dylib', isSigned = true } = {}): Buffer {
  const path = Buffer.from(`${dylib}\0`.padEnd(64, '\0'));
  const bytes = Buffer.alloc(PAGE);
  const words = (at: number, ...values: number[]) =>
    values.forEach((value, index) => {
      bytes.writeUInt32LE(value >>> 0, at + index * 4);
    });
  words(0, 0xfeedfacf, machine, 0, 2, isSigned ? 3 : 2, 0, 0, 0);
  words(32, 0xc, 24 + path.length, 24);
  path.copy(bytes, 56);
  words(120, 0x32, 24, 1, 13 << 16);
  if (!isSigned) return bytes;
  words(144, 0x1d, 16, PAGE, 120);
  return Buffer.concat([bytes, signPage(bytes)]);
}

/** An index with one blob, whose directory has one hash. */
function signPage(page: Buffer): Buffer {
  const [start, name, hashes] = [20, 48, 56];
  const blob = Buffer.alloc(120);
  const words = (at: number, ...values: number[]) =>
    values.forEach((value, index) => {
      blob.writeUInt32BE(value, at + index * 4);
    });
  words(0, 0xfade0cc0, 120, 1, 0, start);
  words(start, 0xfade0c02, 100, 0x20400, 2, hashes, name, 0, 1, PAGE);
  blob.set([32, 2, 0, 12], start + 36);
  blob.write('a.out\0', start + name);
  createHash('sha256')
    .update(page)
    .digest()
    .copy(blob, start + hashes);
  return blob;
}

test('judgeProgram: a program for Apple silicon that loads what every macOS has', () => {
  const { facts, faults } = judgeProgram(makeMachO(), 'darwin-arm64');
  expect(faults).toEqual([]);
  expect(facts).toBe(
    'Mach-O arm64, macOS 13.0, /usr/lib/libSystem.B.dylib, signed by nobody, 0 of 1 pages broken',
  );
});
test('judgeProgram: another machine, a library of a builder’s, no signature, a changed byte', () => {
  const judge = (options: Parameters<typeof makeMachO>[0]) =>
    judgeProgram(makeMachO(options), 'darwin-arm64').faults;
  expect(judge({ machine: 0x01000007 })).toEqual(['it is for x64']);
  expect(judge({ dylib: '/opt/homebrew/lib/libfoo.dylib' })).toEqual([
    'it loads /opt/homebrew/lib/libfoo.dylib',
  ]);
  expect(judge({ isSigned: false })).toEqual([expect.stringContaining('signature does not hold')]);
  const changed = makeMachO();
  changed[PAGE - 1] = 1;
  expect(judgeProgram(changed, 'darwin-arm64').faults).toEqual([expect.stringContaining('signature')]);
});

const own = process.platform === 'linux' ? undefined : 'this host has no ELF programs';
testUnless(own)('judgeProgram: a program of this host, as what it is and as what it is not', () => {
  const bytes = readFileSync(process.execPath);
  const [is, isNot] = process.arch === 'arm64' ? (['arm64', 'x64'] as const) : (['x64', 'arm64'] as const);
  const { facts, faults } = judgeProgram(bytes, `linux-${is}` as 'linux-arm64');
  expect({ faults, facts }).toEqual({ faults: [], facts: expect.stringContaining(`ELF ${is}, /lib`) });
  expect(judgeProgram(bytes, `linux-${isNot}` as 'linux-arm64').faults).toEqual([`it is for ${is}`]);
  expect(judgeProgram(bytes, 'darwin-arm64').faults).toEqual(['no Mach-O file']);
});
test('judgeProgram: text is no program', () =>
  expect(judgeProgram(Buffer.from('#!/bin/sh\n'.padEnd(100)), 'linux-arm64').faults).toEqual([
    'no ELF file',
  ]));
