import { expect, test } from 'bun:test';
import { readLines } from './lines.ts';

async function read(text: string, chunkBytes: number, maxBytes = 1000) {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  return Array.fromAsync(readLines(chunks(), maxBytes));
}

test('readLines: the same for chunks of any size', async () => {
  const text = 'one\n\nzwö ü\nthree\ntorn';
  for (let size = 1; size <= text.length + 3; size += 1) {
    const found = await read(text, size);
    expect(found.map((line) => line.text)).toEqual(['one', '', 'zwö ü', 'three']);
    expect(found.map((line) => line.end)).toEqual([4, 5, 13, 19]);
  }
});

test('readLines: passes over a line that is too long, and finds the next', async () => {
  for (const size of [1, 7, 64]) {
    const found = await read(`a\n${'x'.repeat(50)}\nb\n`, size, 20);
    expect(found.map((line) => line.text)).toEqual(['a', 'b']);
    expect(found.at(-1)?.end).toBe(55);
  }
});
