import { ProblemError } from '@cspace/protocol/problem';
import { findDaemon } from '../../client/connect.ts';
import { runAsRoot } from '../../client/sudo.ts';
import type { FormName } from '../../resolver/form.ts';
import { getConflictProblem, type InstallPlan, install, planInstall } from '../../resolver/install.ts';
import { readResolverRecord } from '../../resolver/record.ts';
import { getForm } from '../../resolver/select.ts';
import type { CliContext } from '../context.ts';
import { confirm } from '../output/confirm.ts';
import { formatResolverStatus } from '../output/dns-status.ts';
import { printJson } from '../output/json.ts';
import type { DnsInstallOutput } from '../output/schemas.ts';
import { stripControls, wrapText } from '../output/terminal-text.ts';
import { getResolverTarget, readResolverStatus } from '../resolver-target.ts';

export interface DnsInstallFlags {
  json?: boolean;
  yes?: boolean;
  form?: FormName;
  /** Hidden: sudo keeps no environment. */
  home?: string;
}

/** Shows what it changes and asks first. Where all of it is there already, and works, nothing is asked or done. */
export async function runDnsInstall(context: CliContext, flags: DnsInstallFlags): Promise<number> {
  const target = await getResolverTarget(context, flags.home);
  const { signal } = context;
  const there = await readResolverRecord();
  if (there && there.homeLabel !== target.homeLabel) throw new ProblemError(getConflictProblem(there));
  const plan = await planInstall(target, { form: flags.form, before: there?.form, signal });
  const inOrder = there !== undefined && (await isInOrder(context, plan, there));
  if (!inOrder) {
    await agree(context, plan, flags);
    if (process.getuid?.() === 0) {
      await install(plan.record, signal);
      await (await findDaemon(withHome(context, target.home)))?.client.refreshResolver();
    } else await installAsRoot(context, plan, flags);
  }
  const status = await readResolverStatus(withHome(context, target.home), target);
  if (flags.json) printJson(context.stdout, { changed: !inOrder, ...status } satisfies DnsInstallOutput);
  else {
    context.stdout.write(inOrder ? 'it is installed already\n' : 'installed\n');
    context.stdout.write(formatResolverStatus(status, context.stdout));
  }
  return 0;
}

/** Behind sudo CSPACE_HOME is gone; the home was given as an option. */
function withHome(context: CliContext, home: string): CliContext {
  return { ...context, env: { ...context.env, CSPACE_HOME: home } };
}

async function isInOrder(
  context: CliContext,
  plan: InstallPlan,
  there: InstallPlan['record'],
): Promise<boolean> {
  if (JSON.stringify(there) !== JSON.stringify(plan.record)) return false;
  const status = await readResolverStatus(withHome(context, plan.record.home), plan.record);
  return status.trouble === null && status.works !== false;
}

async function agree(context: CliContext, plan: InstallPlan, { yes }: DnsInstallFlags): Promise<void> {
  if (yes) return;
  const text = describe(plan);
  if (!context.stdin.isTerminal || !context.stderr.isTerminal) {
    throw new ProblemError({
      code: 'needs-root',
      message: 'this changes how this host resolves names, and there is nobody to ask',
      why: text,
      fix: `cspace dns install --yes`,
    });
  }
  context.stderr.write(`${wrapText(stripControls(text), Math.min(80, context.stderr.columns))}\n`);
  if (await confirm('Change it now?', context)) return;
  throw new ProblemError({ code: 'interrupted', message: 'nothing was changed' });
}

function describe({ record, why, changes }: InstallPlan): string {
  return [
    `Names of sandboxes would be resolved by ${getForm(record.form).title}: ${why}.`,
    'This would be changed on this host:',
    ...changes.map((change) => `- ${change}`),
    'To undo it all: cspace dns uninstall',
  ].join('\n');
}

function installAsRoot(context: CliContext, { record }: InstallPlan, flags: DnsInstallFlags): Promise<void> {
  const form = flags.form === undefined ? [] : ['--form', flags.form];
  const argv = [...context.self, 'dns', 'install', '--yes', '--home', record.home, ...form];
  return runAsRoot(argv, { context, purpose: 'changing how this host resolves names' });
}
