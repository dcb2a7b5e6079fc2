import type { Output } from '../context.ts';

type Target = Pick<Output, 'colours'>;

/** SGR of ECMA-48, where the output wants colours. */
const paint = (code: number) => (text: string, output: Target) =>
  output.colours ? `\u001b[${code}m${text}\u001b[0m` : text;

export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);
export const yellow = paint(33);
