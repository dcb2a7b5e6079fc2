import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';
import type { SecretsLsOutput } from '../output/schemas.ts';
import { openStore } from '../secrets-store.ts';

/** Names and places; never a value. */
export async function runSecretsLs(context: CliContext, options: { json?: boolean }): Promise<number> {
  const kept = await (await openStore(context)).list();
  const secrets = kept.flatMap(({ from, values }) => Object.keys(values).map((name) => ({ name, in: from })));
  if (options.json) printJson(context.stdout, { secrets } satisfies SecretsLsOutput);
  else for (const secret of secrets) context.stdout.write(`${secret.name}  in ${secret.in}\n`);
  return 0;
}
