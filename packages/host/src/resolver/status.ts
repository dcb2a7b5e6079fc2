import { ZONES } from '@cspace/protocol/zones';
import { getGateway } from '../network/addresses.ts';
import { run } from '../system/exec.ts';
import { explainMiss, type Tried } from './explain.ts';
import { readResolverFacts } from './facts.ts';
import type { FormName, Target, Trouble } from './form.ts';
import { parseHostAddress } from './mac-files.ts';
import type { NamedSandbox } from './names.ts';
import { findObstacle, type Pick, pickForm, type ResolverFacts } from './pick-form.ts';
import { type ResolverRecord, readResolverRecord } from './record.ts';
import { getForm } from './select.ts';

export interface ResolverStatus {
  /** By whatever home. */
  installed: boolean;
  form: FormName | null;
  /** Whose names they are. */
  home: string | null;
  ours: boolean;
  wildcards: boolean;
  /** What this host uses, by what is found now. */
  detected: Pick;
  /** Null where there was nothing to try it with. */
  works: boolean | null;
  tried: Tried[];
  trouble: Trouble | null;
}

export interface StatusOptions {
  target: Omit<Target, 'dropIn'>;
  /** Undefined where no daemon runs: nobody answers then. */
  sandboxes: readonly NamedSandbox[] | undefined;
  signal: AbortSignal;
}

const LOOKUP_TIMEOUT_MS = 15_000;

/** What is installed, and whether names resolve in this host's own programs. Needs no root, changes nothing. */
export async function getResolverStatus(options: StatusOptions): Promise<ResolverStatus> {
  const { target, signal } = options;
  const [record, facts] = await Promise.all([readResolverRecord(), readResolverFacts(signal)]);
  const ours = record?.homeLabel === target.homeLabel;
  const status = {
    installed: record !== undefined,
    form: record?.form ?? null,
    home: record?.home ?? null,
    ours,
    wildcards: record !== undefined && getForm(record.form).wildcards,
    detected: pickForm(facts),
  };
  if (!record || !ours) return { ...status, works: null, tried: [], trouble: null };
  const trouble = await findTrouble(record, facts, options);
  const tried = await tryNames(record, options);
  const miss = tried.find(({ address, expected }) => address !== expected);
  return {
    ...status,
    works: tried.length === 0 ? null : miss === undefined,
    tried,
    trouble: trouble ?? (miss ? explainMiss(miss, record.form, facts) : null),
  };
}

async function findTrouble(
  record: ResolverRecord,
  facts: ResolverFacts,
  { target, signal }: StatusOptions,
): Promise<Trouble | undefined> {
  const obstacle = findObstacle(record.form, facts);
  if (obstacle !== undefined) {
    return {
      why: `this host resolves names otherwise than at the install: ${obstacle}`,
      fix: 'cspace dns install',
    };
  }
  const changed = (['port', 'bridge', 'subnet'] as const).filter((key) => record[key] !== target[key]);
  if (changed.length > 0) {
    return {
      why: `the configuration has another ${changed.join(' and ')} since the install`,
      fix: 'cspace dns install',
    };
  }
  return getForm(record.form).check(record, signal);
}

async function tryNames(record: ResolverRecord, { sandboxes, signal }: StatusOptions): Promise<Tried[]> {
  if (sandboxes === undefined) return [];
  const found = await Promise.all(
    getNamesToTry(record, sandboxes).map(async ({ name, expected }) => {
      const { argv, parse } = getLookup(name, record.form);
      const result = await run(argv, { timeoutMs: LOOKUP_TIMEOUT_MS, signal });
      return { name, expected, address: parse(result.stdout) ?? null };
    }),
  );
  return found;
}

/** How every program of the host looks up a name. Pure. */
function getLookup(name: string, form: FormName) {
  if (form === 'macos')
    return { argv: ['dscacheutil', '-q', 'host', '-a', 'name', name], parse: parseHostAddress };
  // Not `ahostsv4`: that finds nothing on a host without an address of its own, be the name where it is.
  return { argv: ['getent', 'hosts', name], parse: (text: string) => /^\S+/.exec(text)?.[0] };
}

/** Those of one sandbox that runs; without one that of the gateway, which is always there. Pure. */
function getNamesToTry(record: ResolverRecord, sandboxes: readonly NamedSandbox[]): Omit<Tried, 'address'>[] {
  const running = sandboxes.find(({ address }) => address !== undefined);
  if (running?.address !== undefined) {
    const expected = running.address;
    const names = ZONES.map((zone) => `${running.sandbox}.${running.project}.${zone}`);
    const all = getForm(record.form).wildcards ? [...names, `any.${names[0]}`] : names;
    return all.map((name) => ({ name, expected }));
  }
  // The interface, and with it the rules of systemd-resolved, may not be there before the first sandbox; on a Mac nor is
  // the gateway's address.
  if (record.form === 'resolved' || record.form === 'macos') return [];
  return [{ name: ZONES[1], expected: getGateway(record.subnet) }];
}
