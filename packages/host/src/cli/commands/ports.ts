import { formatRef } from '@cspace/protocol/names';
import { connectDaemon } from '../../client/connect.ts';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';
import { formatPorts } from '../output/ports-table.ts';
import { resolveRef } from '../resolve-ref.ts';

export async function runPorts(
  context: CliContext,
  name: string,
  options: { json?: boolean },
): Promise<number> {
  const ref = await resolveRef(context, name);
  const answer = await (await connectDaemon(context)).ports(ref);
  if (options.json) {
    printJson(context.stdout, answer);
    return 0;
  }
  if (answer.ports.length > 0) context.stdout.write(formatPorts(answer.ports));
  else context.stderr.write(`nothing listens in ${formatRef(ref)}\n`);
  if (answer.truncated) context.stderr.write('note: it has more ports than are shown\n');
  return 0;
}
