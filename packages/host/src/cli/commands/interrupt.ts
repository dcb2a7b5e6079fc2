import { connectDaemon } from '../../client/connect.ts';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';
import { resolveRef } from '../resolve-ref.ts';

export async function runInterrupt(
  context: CliContext,
  name: string,
  options: { json?: boolean },
): Promise<number> {
  const ref = await resolveRef(context, name);
  const result = await (await connectDaemon(context)).interrupt(ref);
  if (options.json) printJson(context.stdout, result);
  else context.stdout.write(`interrupted turn ${result.turn}\n`);
  return 0;
}
