import { formatRef } from '@cspace/protocol/names';
import type { SandboxView } from '@cspace/protocol/sandbox';
import { connectApi } from '../../client/connect-api.ts';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';
import { formatTableWithin } from '../output/table.ts';

export async function runLs(context: CliContext, options: { json?: boolean }): Promise<number> {
  const list = await (await connectApi(context)).list();
  if (options.json) printJson(context.stdout, list);
  else if (list.sandboxes.length === 0) context.stderr.write('no sandboxes yet; make one: cspace up\n');
  else context.stdout.write(formatList(list.sandboxes, context.stdout.columns));
  return 0;
}

/** Substrate and branch are in `status`: the first is the same for all, the second says the name again. */
function formatList(sandboxes: readonly SandboxView[], columns: number): string {
  const rows = sandboxes.map((view) => [
    formatRef(view),
    view.state,
    view.address ?? '-',
    // Without a machine the name leads nowhere.
    view.address === null ? '-' : view.domain,
    view.reason ?? (view.practice ? 'practice model' : ''),
  ]);
  return formatTableWithin(columns, [['NAME', 'STATE', 'ADDRESS', 'DOMAIN', 'NOTE'], ...rows]);
}
