import { createReadStream } from 'node:fs';

const PIECE = 4 * 1024 * 1024;
const NOTHING = Buffer.alloc(PIECE);

/** Which of the texts a file has anywhere. It may be large, and mostly holes. */
export async function findTexts(path: string, texts: readonly string[]): Promise<string[]> {
  const missing = new Map(texts.map((text) => [text, Buffer.from(text)]));
  const overlap = Math.max(...[...missing.values()].map(({ length }) => length));
  let rest = Buffer.alloc(0);
  for await (const piece of createReadStream(path, { highWaterMark: PIECE })) {
    const isEmpty = NOTHING.subarray(0, piece.length).equals(piece);
    const bytes = Buffer.concat([rest, isEmpty ? piece.subarray(0, overlap) : piece]);
    for (const [text, wanted] of missing) if (bytes.includes(wanted)) missing.delete(text);
    rest = piece.subarray(-overlap);
  }
  return texts.filter((text) => !missing.has(text));
}
