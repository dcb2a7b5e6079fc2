import type { CliContext } from './context.ts';
import { orderExecArgv } from './exec-argv.ts';
import { createProgram } from './program.ts';

/** Runs one command line to its end and returns the exit code. Never throws. */
export async function runCli(context: CliContext): Promise<number> {
  let exitCode = 0;
  const program = createProgram(context, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(orderExecArgv(context.argv), { from: 'user' });
    return exitCode;
  } catch (error) {
    // Loaded when it is needed only: problems bring zod with them, and half of the time of starting up.
    const { reportError } = await import('./report-error.ts');
    return reportError(context, error);
  }
}
