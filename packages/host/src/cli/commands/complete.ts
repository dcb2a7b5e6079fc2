import type { Command } from 'commander';
import { getCandidates } from '../completion/candidates.ts';
import { listSandboxNames } from '../completion/sandbox-names.ts';
import type { CliContext } from '../context.ts';

/** An argument that is a sandbox, but for what is called so in groups of commands (`secrets set`). */
const SANDBOX = 'name';

/** A line for each, as fish wants them: the word, a tab, what it is. Nothing else may stand on stdout. */
export async function runComplete(
  context: CliContext,
  program: Command,
  words: readonly string[],
): Promise<number> {
  const found = await getCandidates(program, words, async (argument, command) =>
    argument === SANDBOX && command.parent === program ? listSandboxNames(context) : [],
  );
  context.stdout.write(found.map(({ value, description }) => `${value}\t${description}\n`).join(''));
  return 0;
}
