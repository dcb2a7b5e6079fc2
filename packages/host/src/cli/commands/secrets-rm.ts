import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';
import type { SecretsRmOutput } from '../output/schemas.ts';
import { openStore, parseCredentialName } from '../secrets-store.ts';

/** Not there is no failure. */
export async function runSecretsRm(
  context: CliContext,
  word: string,
  options: { json?: boolean },
): Promise<number> {
  const name = parseCredentialName(word);
  const removed = await (await openStore(context)).remove(name);
  if (options.json) printJson(context.stdout, { name, removed } satisfies SecretsRmOutput);
  else context.stdout.write(removed ? `removed ${name}\n` : `${name} was not there\n`);
  return 0;
}
