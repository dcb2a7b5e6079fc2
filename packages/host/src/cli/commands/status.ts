import { formatRef } from '@cspace/protocol/names';
import type { SandboxStatus } from '@cspace/protocol/sandbox';
import type { Health } from '@cspace/protocol/supervisor-api';
import { connectApi } from '../../client/connect-api.ts';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';
import { formatTable } from '../output/table.ts';
import { toOneLine } from '../output/terminal-text.ts';
import { resolveRef } from '../resolve-ref.ts';

export async function runStatus(
  context: CliContext,
  name: string,
  options: { json?: boolean },
): Promise<number> {
  const ref = await resolveRef(context, name);
  const status = await (await connectApi(context)).get(ref);
  if (options.json) printJson(context.stdout, status);
  else context.stdout.write(formatStatus(status));
  return 0;
}

const MAX_REASON_COLUMNS = 200;

export function formatStatus(status: SandboxStatus): string {
  const rows: [string, string | null][] = [
    [
      'state',
      status.reason === undefined
        ? status.state
        : `${status.state}: ${toOneLine(status.reason, MAX_REASON_COLUMNS)}`,
    ],
    ['agent', status.state === 'running' ? getAgent(status.supervisor) : null],
    ['model', status.practice ? 'practice model, because no credential was given' : null],
    ['address', status.address],
    ['domain', status.address === null ? null : status.domain],
    ['substrate', status.substrate],
    ['branch', status.branch],
    ['session', status.session],
    ['repository', status.repository],
    ['created', status.createdAt],
  ];
  const shown = rows.flatMap(([label, value]) => (value === null ? [] : [[`  ${label}`, value]]));
  return `${formatRef(status)}\n${formatTable(shown)}`;
}

function getAgent(health: Health | null): string {
  if (!health) return 'the supervisor does not answer';
  const parts = [health.state as string];
  if (health.reason !== undefined) parts.push(`: ${toOneLine(health.reason, MAX_REASON_COLUMNS)}`);
  if (health.turn !== null) parts.push(`, turn ${health.turn}`);
  if (health.queued > 0) parts.push(`, ${health.queued} waiting`);
  return parts.join('');
}
