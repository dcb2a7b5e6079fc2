import type { Output } from '../context.ts';

/**
 * What JSON.stringify leaves as it is and a terminal obeys: delete, the C1 controls (U+009B is CSI), and the marks that turn
 * text around.
 */
const OBEYED = /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** One value, one line: what `--json` prints. Commands that stream print several. */
export function printJson(output: Output, value: unknown): void {
  const text = JSON.stringify(value).replace(
    OBEYED,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  output.write(`${text}\n`);
}
