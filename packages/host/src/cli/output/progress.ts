import type { Output } from '../context.ts';
import { dim } from './colour.ts';
import { toOneLine } from './terminal-text.ts';

/** What long work is at: one line that changes on a terminal, a line each elsewhere. */
export interface ProgressLine {
  show(text: string): void;
  /** Takes the line away; call it before anything else is written. */
  clear(): void;
}

const CLEAR_LINE = '\r\u001b[2K';

export function createProgress(output: Output): ProgressLine {
  let shown = '';
  return {
    show(text) {
      const line = toOneLine(text, output.isTerminal ? output.columns - 1 : 500);
      if (line === '' || line === shown) return;
      shown = line;
      output.write(output.isTerminal ? CLEAR_LINE + dim(line, output) : `${line}\n`);
    },
    clear() {
      if (output.isTerminal && shown !== '') output.write(CLEAR_LINE);
      shown = '';
    },
  };
}
