import { ProblemError } from '@cspace/protocol/problem';
import { runAsRoot } from '../../client/sudo.ts';
import { getConflictProblem, isInstalled, throwUnlessKnown, uninstall } from '../../resolver/install.ts';
import { readResolverRecord } from '../../resolver/record.ts';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';
import type { DnsUninstallOutput } from '../output/schemas.ts';
import { getResolverTarget } from '../resolver-target.ts';

export interface DnsUninstallFlags {
  json?: boolean;
  home?: string;
}

/** Takes back what `dns install` made, and nothing else. Not installed is no failure. */
export async function runDnsUninstall(context: CliContext, flags: DnsUninstallFlags): Promise<number> {
  throwUnlessKnown();
  const { home, homeLabel } = await getResolverTarget(context, flags.home);
  const there = await readResolverRecord();
  if (there && there.homeLabel !== homeLabel) throw new ProblemError(getConflictProblem(there));
  const changed = await isInstalled(homeLabel);
  if (changed) {
    if (process.getuid?.() === 0) await uninstall(homeLabel, context.signal);
    else {
      await runAsRoot([...context.self, 'dns', 'uninstall', '--home', home], {
        context,
        purpose: 'changing how this host resolves names',
      });
    }
  }
  if (flags.json) printJson(context.stdout, { changed } satisfies DnsUninstallOutput);
  else context.stdout.write(changed ? 'uninstalled\n' : 'it was not installed\n');
  return 0;
}
