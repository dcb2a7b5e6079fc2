import { ProblemError } from '@cspace/protocol/problem';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';
import type { SecretsSetOutput } from '../output/schemas.ts';
import { askSecret } from '../output/secret.ts';
import { openStore, parseCredentialName } from '../secrets-store.ts';

/** The value comes by stdin or is asked for, unseen: on a command line every user of the host could read it. */
export async function runSecretsSet(
  context: CliContext,
  word: string,
  options: { json?: boolean },
): Promise<number> {
  const name = parseCredentialName(word);
  const { stdin } = context;
  const text = stdin.isTerminal ? await askSecret(name, context) : await stdin.readAll();
  const value = text.trim();
  if (!/^[\x21-\x7e]+$/.test(value)) {
    throw new ProblemError({
      code: 'usage',
      message: value === '' ? `no value for ${name}` : `the value of ${name} is no token`,
      why: 'a token is one word of plain characters',
      fix: `printf %s "$${name}" | cspace secrets set ${name}`,
    });
  }
  const store = await openStore(context);
  await store.set(name, value);
  if (options.json) printJson(context.stdout, { name, in: store.name } satisfies SecretsSetOutput);
  else context.stdout.write(`${name} is in ${store.name}; every up from now on has it\n`);
  return 0;
}
