import type { CliContext } from '../context.ts';
import { formatResolverStatus } from '../output/dns-status.ts';
import { printJson } from '../output/json.ts';
import type { DnsStatusOutput } from '../output/schemas.ts';
import { getResolverTarget, readResolverStatus } from '../resolver-target.ts';

/** Not installed is an answer, not a failure; so is a name that does not resolve. */
export async function runDnsStatus(context: CliContext, options: { json?: boolean }): Promise<number> {
  const status = await readResolverStatus(context, await getResolverTarget(context, undefined));
  if (options.json) printJson(context.stdout, status satisfies DnsStatusOutput);
  else context.stdout.write(formatResolverStatus(status, context.stdout));
  return 0;
}
