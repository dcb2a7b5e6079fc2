import { SubstrateKind } from '@cspace/protocol/sandbox';
import { type Command, Option } from 'commander';

/** How a command is written in help: usage comes from its arguments and options. */
export interface Words {
  summary: string;
  description?: string;
  /** At least one line that can be typed as it stands. */
  examples: readonly string[];
}

/** Adds a command with its examples and `--json`, which every command has. */
export function addCommand(parent: Command, nameAndArguments: string, words: Words): Command {
  return parent
    .command(nameAndArguments)
    .summary(words.summary)
    .description(words.description ?? `${words.summary}.`)
    .option('--json', 'print JSON, one value a line; a problem is such a line too')
    .addHelpText('after', `\nExamples:\n${words.examples.map((line) => `  ${line}`).join('\n')}`);
}

export const getSubstrateOption = (what = 'how machines are made') =>
  new Option('--substrate <kind>', what).choices(SubstrateKind.options);
