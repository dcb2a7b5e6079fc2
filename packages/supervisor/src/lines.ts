export interface Line {
  /** Without its newline. */
  text: string;
  /** Where the next line begins, counted from the start of the stream. */
  end: number;
}

const NEWLINE = 10;

/**
 * The whole lines of a stream of bytes, in bounded memory: a line longer than `maxBytes` is passed over without being
 * kept, and so is what follows the last newline.
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Line, void, undefined> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let position = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      const rest = chunk.subarray(from, at);
      length += rest.length;
      if (length < maxBytes) {
        yield { text: Buffer.concat([...parts, rest]).toString('utf8'), end: position + at + 1 };
      }
      parts = [];
      length = 0;
      from = at + 1;
    }
    const tail = chunk.subarray(from);
    length += tail.length;
    if (length < maxBytes) parts.push(Buffer.from(tail));
    else parts = [];
    position += chunk.length;
  }
}
