import { expect, test } from 'bun:test';
import { zstdCompressSync } from 'node:zlib';
import { toProblem } from '@cspace/protocol/problem';
import { KERNEL, makeBzImage } from './testing.ts';
import { extractVmlinux } from './vmlinux.ts';

const PAYLOAD = zstdCompressSync(KERNEL);
const LZ4 = new Uint8Array([0x02, 0x21, 0x4c, 0x18, 1, 2, 3]);
const refuse = async (image: Uint8Array) =>
  toProblem(await extractVmlinux(image).catch((error) => error)).why;

test.each([0, 3, 39])('extractVmlinux gives the ELF file behind %d sectors of setup', async (setupSectors) =>
  expect(new Uint8Array(await extractVmlinux(makeBzImage({ setupSectors })))).toEqual(KERNEL),
);
test.each<[string, Uint8Array, string]>([
  ['no kernel', new Uint8Array(4096), 'no bzImage'],
  ['an empty file', new Uint8Array(), 'no bzImage'],
  ['half a file', makeBzImage().subarray(0, 2160), 'cut short'],
  ['a kernel that is compressed by lz4', makeBzImage({ payload: LZ4 }), 'lz4; cspace reads zstd'],
  ['one in an unknown way', makeBzImage({ payload: new Uint8Array(9) }), 'unknown; cspace reads zstd'],
  ['a damaged payload', makeBzImage({ payload: damage(PAYLOAD) }), 'damaged'],
  ['one that unpacks to less', makeBzImage({ size: KERNEL.length + 1 }), 'not to 5005'],
  [
    'something else than an ELF file',
    makeBzImage({ payload: zstdCompressSync(Buffer.alloc(5004)) }),
    'no ELF',
  ],
])('extractVmlinux refuses %s', async (_, image, why) => expect(await refuse(image)).toContain(why));

function damage(payload: Uint8Array): Uint8Array {
  const damaged = new Uint8Array(payload);
  damaged.fill(0xff, 6);
  return damaged;
}
