import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { HOST_FILES } from '../system/paths.ts';
import { readResolverFacts } from './facts.ts';
import type { FormName, Target } from './form.ts';
import { hasHostsBlock, removeHostsBlock } from './hosts.ts';
import { findObstacle, pickForm } from './pick-form.ts';
import { ensureResolverRecord, type ResolverRecord, withResolverRecord } from './record.ts';
import { getForm } from './select.ts';

export interface InstallPlan {
  record: ResolverRecord;
  /** For people: why this form. */
  why: string;
  /** What is changed on the host, a line each. */
  changes: string[];
}

export interface PlanOptions {
  /** The form that was asked for. */
  form: FormName | undefined;
  /** The one that is installed: kept where it still serves. */
  before: FormName | undefined;
  signal: AbortSignal;
}

/**
 * What an install would do on this host; changes nothing. Throws `host-unsupported` where this is neither Linux nor a Mac, or the form
 * that was asked for cannot serve here.
 */
export async function planInstall(
  target: Omit<Target, 'dropIn'>,
  { form: wanted, before, signal }: PlanOptions,
): Promise<InstallPlan> {
  throwUnlessKnown();
  const facts = await readResolverFacts(signal);
  const picked = pickForm(facts);
  const kept = before !== undefined && findObstacle(before, facts) === undefined ? before : undefined;
  const form = wanted ?? kept ?? picked.form;
  const obstacle = findObstacle(form, facts);
  if (obstacle !== undefined) {
    throw new ProblemError({
      code: 'host-unsupported',
      message: `names cannot be resolved by ${getForm(form).title} here`,
      why: obstacle,
      fix: `cspace dns install --form ${picked.form}`,
    });
  }
  const folder = facts.dnsmasq?.folder;
  const dropIn =
    form === 'dnsmasq' && folder !== undefined ? join(folder, HOST_FILES.dnsmasqDropIn) : undefined;
  const record: ResolverRecord = { v: 1, form, ...target, ...(dropIn === undefined ? {} : { dropIn }) };
  const changes = [...getForm(form).describe(record), `a note of it in ${HOST_FILES.resolverRecord}`];
  return { record, why: form === picked.form ? picked.why : 'it was asked for', changes };
}

export function throwUnlessKnown(platform: string = process.platform): void {
  if (platform === 'linux' || platform === 'darwin') return;
  throw new ProblemError({
    code: 'host-unsupported',
    message: `the resolver of this host cannot be set up (${platform})`,
    why: 'cspace knows those of Linux (systemd-resolved, dnsmasq, /etc/hosts) and of macOS',
  });
}

/**
 * Installs it, as root; what another form of the same home had made is taken back first. Throws `home-conflict` that names
 * the home which has it, or what the form throws; a first install is then undone.
 */
export async function install(wanted: ResolverRecord, signal: AbortSignal): Promise<void> {
  await ensureResolverRecord(wanted);
  const done = await withResolverRecord(async (held) => {
    const before = held.record;
    if (before && before.homeLabel !== wanted.homeLabel) throw new ProblemError(getConflictProblem(before));
    const isSame = before === undefined || JSON.stringify(before) === JSON.stringify(wanted);
    if (!isSame) await getForm(before.form).revert(before, signal);
    await held.write(wanted);
    try {
      await getForm(wanted.form).apply(wanted, signal);
    } catch (error) {
      await getForm(wanted.form)
        .revert(wanted, signal)
        .catch(() => undefined);
      held.remove();
      throw error;
    }
    return true;
  });
  // Somebody uninstalled it between the two steps.
  if (!done) await install(wanted, signal);
}

/** Takes it back, as root. False where nothing was installed. Throws `home-conflict` where it is another home's. */
export async function uninstall(homeLabel: string, signal: AbortSignal): Promise<boolean> {
  const done = await withResolverRecord(async (held) => {
    const { record } = held;
    if (record && record.homeLabel !== homeLabel) throw new ProblemError(getConflictProblem(record));
    if (record) await getForm(record.form).revert(record, signal);
    held.remove();
    return true;
  });
  return done ?? (await removeLeftBlock(homeLabel));
}

/** Somebody may have deleted the record by hand. */
async function removeLeftBlock(homeLabel: string): Promise<boolean> {
  if (!(await hasHostsBlock(homeLabel))) return false;
  await removeHostsBlock(homeLabel);
  return true;
}

/** Whether there is anything that an uninstall would take away, or refuse to; needs no root. */
export async function isInstalled(homeLabel: string): Promise<boolean> {
  return existsSync(HOST_FILES.resolverRecord) || (await hasHostsBlock(homeLabel));
}

export function getConflictProblem({ home, uid, form }: ResolverRecord) {
  return {
    code: 'home-conflict' as const,
    message: 'the names that this host resolves are those of another home of cspace',
    why: `it is ${home} (user ${uid}), by ${getForm(form).title}`,
    fix: `CSPACE_HOME=${home} cspace dns uninstall`,
  };
}
