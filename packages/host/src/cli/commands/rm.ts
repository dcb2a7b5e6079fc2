import { connectDaemon } from '../../client/connect.ts';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';
import { resolveRef } from '../resolve-ref.ts';

export interface RmOptions {
  json?: boolean;
  force?: boolean;
}

export async function runRm(context: CliContext, name: string, options: RmOptions): Promise<number> {
  const ref = await resolveRef(context, name);
  const result = await (await connectDaemon(context)).remove(ref, options.force === true);
  if (options.json) printJson(context.stdout, result);
  else context.stdout.write(`${name} is deleted\n`);
  return 0;
}
