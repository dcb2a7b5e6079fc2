import { Argument, type Command } from 'commander';
import { SHELLS } from '../completion/scripts.ts';
import type { CliContext } from '../context.ts';
import type { OnExit } from '../program.ts';
import { addCommand } from './declare.ts';

/** What shells need to complete words, and what they call then. */
export function declareCompletion(program: Command, context: CliContext, onExit: OnExit): void {
  addCommand(program, 'completion', {
    summary: 'print the completion script of a shell',
    description:
      'Print the script that completes commands, options and names of sandboxes: in bash source it from ~/.bashrc, in zsh from ~/.zshrc, and in fish put it into ~/.config/fish/completions/cspace.fish.',
    examples: [
      'source <(cspace completion bash)',
      'source <(cspace completion zsh)',
      'cspace completion fish >~/.config/fish/completions/cspace.fish',
    ],
  })
    .addArgument(new Argument('<shell>', 'which').choices(SHELLS))
    .action(async (shell, options) => {
      onExit((await import('../commands/completion.ts')).runCompletion(context, shell, options));
    });
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: string[]) => {
      onExit(await (await import('../commands/complete.ts')).runComplete(context, program, words));
    });
}
