import { lstat } from 'node:fs/promises';
import { formatRef, type SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import { connectApi } from '../../client/connect-api.ts';
import { createHostEvents } from '../../client/host-events.ts';
import { locateHome } from '../../client/locate-home.ts';
import type { SessionEvents } from '../../client/sandbox-api.ts';
import { getPaths } from '../../system/paths.ts';
import type { CliContext } from '../context.ts';
import { createEventPrinter } from '../output/event-printer.ts';
import { resolveRef } from '../resolve-ref.ts';

export interface LogsOptions {
  json?: boolean;
  follow?: boolean;
}

export async function runLogs(context: CliContext, name: string, options: LogsOptions): Promise<number> {
  const ref = await resolveRef(context, name);
  const events = context.guest ? (await connectApi(context)).events(ref) : await findEvents(context, ref);
  const print = createEventPrinter({
    json: options.json === true,
    speech: context.stdout,
    progress: context.stdout,
  });
  const { signal } = context;
  for await (const event of events.read({ follow: options.follow === true, signal })) print(event);
  return signal.aborted ? 130 : 0;
}

/** The events as they stand on the host: no daemon is needed, nor a sandbox that runs. */
async function findEvents(context: CliContext, ref: SandboxRef): Promise<SessionEvents> {
  const paths = getPaths(await locateHome(context));
  const known = await Promise.all([paths.record(ref), paths.session(ref)].map(exists));
  if (known.includes(true)) return createHostEvents(paths.events(ref));
  throw new ProblemError({
    code: 'sandbox-not-found',
    message: `there is no sandbox ${formatRef(ref)}`,
    fix: 'cspace ls',
  });
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
