import type { Output } from '../context.ts';

type Target = Pick<Output, 'isTerminal'>;

/** SGR of ECMA-48, on a terminal only; NO_COLOR of no-color.org is honoured by `createOutput`'s caller. */
const paint = (code: number) => (text: string, output: Target) =>
  output.isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text;

export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);
export const yellow = paint(33);
export const cyan = paint(36);
