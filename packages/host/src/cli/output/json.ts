import type { Output } from '../context.ts';

/** One value, one line: what `--json` prints. Commands that stream print several. */
export function printJson(output: Output, value: unknown): void {
  output.write(`${JSON.stringify(value)}\n`);
}
