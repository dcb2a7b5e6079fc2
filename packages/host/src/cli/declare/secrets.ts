import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import type { OnExit } from '../program.ts';
import { addCommand } from './declare.ts';

/** The commands about the user's credentials. */
export function declareSecrets(program: Command, context: CliContext, onExit: OnExit): void {
  const secrets = program
    .command('secrets')
    .helpCommand(false)
    .summary('keep the credentials that sandboxes get')
    .description(
      "The credentials that sandboxes get: on macOS in the user's keychain, elsewhere in secrets.env of the home. The environment of `cspace up` goes before both.",
    );
  addCommand(secrets, 'set <name>', {
    summary: 'keep one',
    description:
      'Keep one credential. Its value comes by stdin, or is asked for on a terminal and not shown; never as an argument, which every user of this machine could read. Sandboxes that run have what they started with.',
    examples: ['cspace secrets set ANTHROPIC_API_KEY', 'gh auth token | cspace secrets set GH_TOKEN'],
  }).action(async (name, options) => {
    onExit(await (await import('../commands/secrets-set.ts')).runSecretsSet(context, name, options));
  });
  addCommand(secrets, 'rm <name>', {
    summary: 'forget one',
    description: 'Forget one credential. Exit code 0 where it was not kept.',
    examples: ['cspace secrets rm GH_TOKEN'],
  }).action(async (name, options) => {
    onExit(await (await import('../commands/secrets-rm.ts')).runSecretsRm(context, name, options));
  });
  addCommand(secrets, 'ls', {
    summary: 'list their names',
    description: 'List the names of the credentials that are kept, and where. Never shows a value.',
    examples: ['cspace secrets ls', "cspace secrets ls --json | jq '.secrets[].name'"],
  }).action(async (options) => {
    onExit(await (await import('../commands/secrets-ls.ts')).runSecretsLs(context, options));
  });
  secrets.addHelpText('after', '\nExamples:\n  cspace secrets ls');
}
