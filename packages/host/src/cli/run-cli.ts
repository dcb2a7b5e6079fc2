import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { orderExecArgv } from './exec-argv.ts';
import type { Guest } from './guest.ts';
import { getGuestRefusal } from './guest-commands.ts';
import { createProgram } from './program.ts';

/** Runs one command line to its end and returns the exit code. Never throws. */
export async function runCli(context: CliContext): Promise<number> {
  let exitCode = 0;
  const program = createProgram(context, (code) => {
    exitCode = code;
  });
  try {
    if (context.guest) await refuseOnGuest(context, context.guest, program);
    await program.parseAsync(orderExecArgv(context.argv), { from: 'user' });
    return exitCode;
  } catch (error) {
    // Loaded when it is needed only: problems bring zod with them, and half of the time of starting up.
    const { reportError } = await import('./report-error.ts');
    return reportError(context, error);
  }
}

/** Before anything is parsed: what is wrong with a command line that is not for here does not matter. */
async function refuseOnGuest(context: CliContext, guest: Guest, program: Command): Promise<void> {
  const commands = program.commands.map((command) => command.name());
  const refusal = getGuestRefusal(context.argv, { guest, commands });
  if (!refusal) return;
  const { ProblemError } = await import('@cspace/protocol/problem');
  throw new ProblemError(refusal);
}
