import type { DaemonStatus } from '@cspace/protocol/daemon-api';
import { findDaemon } from '../../client/connect.ts';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';

const NOT_RUNNING: DaemonStatus = {
  running: false,
  pid: null,
  version: null,
  sandboxes: 0,
  startedAt: null,
  idleExitInSeconds: null,
};

/** No daemon is an answer, not a failure: it starts when it is needed. */
export async function runDaemonStatus(context: CliContext, options: { json?: boolean }): Promise<number> {
  const found = await findDaemon(context);
  const status = found ? await found.client.status() : NOT_RUNNING;
  if (options.json) printJson(context.stdout, status);
  else context.stdout.write(`${formatStatus(status)}\n`);
  return 0;
}

function formatStatus(status: DaemonStatus): string {
  if (!status.running) return 'the daemon is not running; the next command that needs it starts it';
  const lines = [
    `the daemon ${status.version} is running (pid ${status.pid})`,
    `  sandboxes running: ${status.sandboxes}`,
  ];
  if (status.startedAt !== null) lines.push(`  since: ${status.startedAt}`);
  if (status.idleExitInSeconds !== null)
    lines.push(`  leaves for want of work in: ${status.idleExitInSeconds} s`);
  return lines.join('\n');
}
