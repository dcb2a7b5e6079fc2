import { connectDaemon } from '../../client/connect.ts';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';
import { resolveRef } from '../resolve-ref.ts';

export async function runFetch(
  context: CliContext,
  name: string,
  options: { json?: boolean },
): Promise<number> {
  const ref = await resolveRef(context, name);
  const result = await (await connectDaemon(context)).fetch(ref);
  if (options.json) {
    printJson(context.stdout, result);
    return 0;
  }
  const short = result.commit.slice(0, 12);
  const text =
    result.before === result.commit
      ? `${result.branch} is up to date at ${short}`
      : `${result.branch} is at ${short} now${result.before === null ? '' : `, before at ${result.before.slice(0, 12)}`}`;
  context.stdout.write(`${text}\n`);
  return 0;
}
