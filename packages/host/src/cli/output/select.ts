import type { CliContext } from '../context.ts';
import { toOneLine } from './terminal-text.ts';

export interface Choice<T> {
  value: T;
  label: string;
}

/** Asks which one on the terminal; undefined after Ctrl-C. The package is loaded only now: it is not needed to start. */
export async function select<T>(
  message: string,
  choices: readonly Choice<T>[],
  context: CliContext,
): Promise<T | undefined> {
  const prompts = await import('@clack/prompts');
  const width = Math.max(20, context.stderr.columns - 8);
  const answer = await prompts.select({
    message,
    // By number: what a value is made of is no affair of the prompt.
    options: choices.map(({ label }, value) => ({ value, label: toOneLine(label, width) })),
    output: process.stderr,
    signal: context.signal,
  });
  return typeof answer === 'number' ? choices[answer]?.value : undefined;
}
