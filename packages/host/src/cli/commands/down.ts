import { connectDaemon } from '../../client/connect.ts';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';
import { resolveRef } from '../resolve-ref.ts';

export async function runDown(
  context: CliContext,
  name: string,
  options: { json?: boolean },
): Promise<number> {
  const ref = await resolveRef(context, name);
  const result = await (await connectDaemon(context)).down(ref);
  if (options.json) printJson(context.stdout, result);
  else if (result.wasRunning)
    context.stdout.write(`${name} is stopped; its clone and conversation are kept\n`);
  else context.stdout.write(`${name} was not running\n`);
  return 0;
}
