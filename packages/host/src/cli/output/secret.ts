import type { CliContext } from '../context.ts';

/** Asks on the terminal for what must not be seen; empty after Ctrl-C. The package is loaded only now, as for `confirm`. */
export async function askSecret(name: string, context: CliContext): Promise<string> {
  const prompts = await import('@clack/prompts');
  const answer = await prompts.password({ message: name, output: process.stderr, signal: context.signal });
  return typeof answer === 'string' ? answer : '';
}
