import { formatRef } from '@cspace/protocol/names';
import type { SandboxView } from '@cspace/protocol/sandbox';
import { connectApi } from '../../client/connect-api.ts';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';
import { formatTable } from '../output/table.ts';
import { toOneLine } from '../output/terminal-text.ts';

export async function runLs(context: CliContext, options: { json?: boolean }): Promise<number> {
  const list = await (await connectApi(context)).list();
  if (options.json) printJson(context.stdout, list);
  else if (list.sandboxes.length === 0) context.stderr.write('no sandboxes yet; make one: cspace up\n');
  else context.stdout.write(formatList(list.sandboxes));
  return 0;
}

const MAX_NOTE_COLUMNS = 60;

export function formatList(sandboxes: readonly SandboxView[]): string {
  const rows = sandboxes.map((view) => [
    formatRef(view),
    view.state,
    view.address ?? '-',
    view.substrate ?? '-',
    view.branch ?? '-',
    getNote(view),
  ]);
  return formatTable([['NAME', 'STATE', 'ADDRESS', 'SUBSTRATE', 'BRANCH', 'NOTE'], ...rows]);
}

function getNote(view: SandboxView): string {
  if (view.reason !== undefined) return toOneLine(view.reason, MAX_NOTE_COLUMNS);
  return view.practice ? 'practice model' : '';
}
