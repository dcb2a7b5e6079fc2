import { PROBLEMS, type Problem, toProblem } from '@cspace/protocol/problem';
import { CommanderError } from 'commander';
import type { CliContext } from './context.ts';
import { printJson } from './output/json.ts';
import { formatProblem } from './output/problem.ts';

/**
 * Tells what a command threw, on stderr, or with `--json` as a last line on stdout, and returns the exit code. Commander
 * throws for `--help` and `--version` too, which have been printed then.
 */
export function reportError(context: CliContext, error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const problem = getProblem(context, error);
  if (wantsJson(context.argv)) {
    printJson(context.stdout, { type: 'problem', problem });
  } else {
    context.stderr.write(formatProblem(problem, context.stderr));
    if (problem.code === 'internal' && error instanceof Error) context.stderr.write(`${error.stack ?? ''}\n`);
  }
  return PROBLEMS[problem.code].exit;
}

function getProblem(context: CliContext, error: unknown): Problem {
  if (error instanceof CommanderError) return getUsageProblem(error, context.argv);
  const problem = toProblem(error);
  // What goes wrong after Ctrl-C goes wrong because of it, unless it says otherwise.
  const interrupted = context.signal.aborted && problem.code === 'internal';
  return interrupted ? { code: 'interrupted', message: 'interrupted' } : problem;
}

/** Commands that have commands below them. */
const GROUPS = ['daemon', 'dns', 'image', 'secrets'];

/** Commander's message, with the help of the command that was meant. */
function getUsageProblem(error: CommanderError, argv: readonly string[]): Problem {
  const words = argv.slice(0, 2).filter((word) => /^[a-z][a-z-]*$/.test(word));
  const command = GROUPS.includes(words[0] ?? '') ? words : words.slice(0, 1);
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

/** Commander's own options are gone when a command has thrown; what follows `--` belongs to somebody else. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? undefined : end).includes('--json');
}
