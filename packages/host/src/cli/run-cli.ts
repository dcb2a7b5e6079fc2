import { PROBLEMS, type Problem, toProblem } from '@cspace/protocol/problem';
import { CommanderError } from 'commander';
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
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? 0 : reportProblem(context, getUsageProblem(error, context.argv), error);
    }
    return reportProblem(context, context.signal.aborted ? getInterrupted(error) : toProblem(error), error);
  }
}

/** Commander's message, with the help of the command that was meant. */
function getUsageProblem(error: CommanderError, argv: readonly string[]): Problem {
  const words = argv.slice(0, 2).filter((word) => /^[a-z]+$/.test(word));
  const command = words[0] === 'daemon' || words[0] === 'image' ? words : words.slice(0, 1);
  const isKnown = error.code !== 'commander.unknownCommand' && command.length > 0;
  const [message = '', ...more] = error.message
    .replace(/^error: /, '')
    .trim()
    .split('\n');
  return {
    code: 'usage',
    // A group of commands without one ends in its help, and has no message of its own.
    message: message === '(outputHelp)' ? 'a command is missing' : message,
    ...(more.length > 0 ? { why: more.join('\n') } : {}),
    fix: isKnown ? `cspace ${command.join(' ')} --help` : 'cspace --help',
  };
}

/** What went wrong after Ctrl-C went wrong because of it, unless it says otherwise. */
function getInterrupted(error: unknown): Problem {
  const problem = toProblem(error);
  return problem.code === 'internal' ? { code: 'interrupted', message: 'interrupted' } : problem;
}

async function reportProblem(context: CliContext, problem: Problem, error: unknown): Promise<number> {
  if (wantsJson(context.argv)) {
    context.stdout.write(`${JSON.stringify({ type: 'problem', problem })}\n`);
  } else {
    const { formatProblem } = await import('./output/problem.ts');
    context.stderr.write(formatProblem(problem, context.stderr));
    if (problem.code === 'internal' && error instanceof Error) context.stderr.write(`${error.stack ?? ''}\n`);
  }
  return PROBLEMS[problem.code].exit;
}

/** Commander's own options are gone when a command has thrown; what follows `--` belongs to somebody else. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? undefined : end).includes('--json');
}
