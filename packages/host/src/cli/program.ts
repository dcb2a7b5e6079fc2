import { VERSION } from '@cspace/protocol/version';
import { Command } from 'commander';
import type { CliContext } from './context.ts';
import { declareHostCommands } from './declare/host.ts';
import { declareMachineCommands } from './declare/machine.ts';
import { declareTurnCommands } from './declare/turn.ts';
import { GUEST_COMMANDS, GUEST_EXAMPLES } from './guest-commands.ts';

/** Told the exit code of the command that ran. */
export type OnExit = (exitCode: number) => void;

export const EXIT_CODES = `Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 this machine lacks something,
4 not found, 5 in conflict with what is there, 70 a fault of cspace, 130 interrupted.`;

const EXAMPLES =
  '\nExamples:\n  cspace up mercury -m "run: git log --oneline | head -3"\n  cspace logs mercury -f';

/**
 * The whole command line as data, which `--help`, docs/cli.md and the tests are made of. What a command does is in
 * commands/, loaded when it runs: starting up has to stay quick.
 */
export function createProgram(context: CliContext, onExit: OnExit): Command {
  const program = new Command('cspace')
    .description('A machine of its own for every coding agent')
    .usage('COMMAND [OPTIONS]')
    .version(VERSION, '-V, --version', 'print the version')
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      // What is wrong with the command line is reported as every other problem is.
      writeErr: () => {},
      getOutHelpWidth: () => Math.min(100, context.stdout.columns),
      getErrHelpWidth: () => Math.min(100, context.stderr.columns),
    })
    .configureHelp({ showGlobalOptions: false, ...(context.guest && { visibleCommands: getGuestCommands }) })
    .addHelpText('after', `${context.guest ? GUEST_EXAMPLES : EXAMPLES}\n\n${EXIT_CODES}`);
  declareMachineCommands(program, context, onExit);
  declareTurnCommands(program, context, onExit);
  declareHostCommands(program, context, onExit);
  return program;
}

const getGuestCommands = (command: Command): Command[] =>
  command.commands.filter((child) => GUEST_COMMANDS.includes(child.name()));
