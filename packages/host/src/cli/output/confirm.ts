import type { CliContext } from '../context.ts';

/** Asks yes or no on the terminal; a Ctrl-C there is a no. The package is loaded only now: it is not needed to start. */
export async function confirm(message: string, context: CliContext): Promise<boolean> {
  const prompts = await import('@clack/prompts');
  const answer = await prompts.confirm({ message, output: process.stderr, signal: context.signal });
  return answer === true;
}
