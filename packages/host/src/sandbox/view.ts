import type { SandboxRef } from '@cspace/protocol/names';
import { formatRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import type { SandboxStatus, SandboxView } from '@cspace/protocol/sandbox';
import type { Health } from '@cspace/protocol/supervisor-api';
import { getDomainName } from '@cspace/protocol/zones';
import type { SandboxRecord } from '../registry/record.ts';
import type { BrokenRecord } from '../registry/registry.ts';
import type { House } from './house.ts';
import { getSupervisor } from './machine.ts';

const HEALTH_TIMEOUT_MS = 1000;

export function getView(record: SandboxRecord): SandboxView {
  return {
    project: record.project,
    sandbox: record.sandbox,
    domain: getDomainName(record),
    state: record.state,
    address: record.state === 'running' ? record.address : null,
    substrate: record.substrate,
    branch: record.branch,
    session: record.session,
    repository: record.repository,
    createdAt: record.createdAt,
    ...(record.reason === undefined ? {} : { reason: record.reason }),
    practice: record.practice,
  };
}

function getBrokenView({ ref, reason }: BrokenRecord): SandboxView {
  return {
    ...ref,
    domain: getDomainName(ref),
    state: 'broken',
    address: null,
    substrate: null,
    branch: null,
    session: null,
    repository: null,
    createdAt: null,
    reason,
    practice: false,
  };
}

/** Every sandbox, of one project or of all, by project and age; the broken ones too. */
export async function listSandboxes(house: House, project?: string): Promise<SandboxView[]> {
  const isWanted = (ref: SandboxRef) => project === undefined || ref.project === project;
  const wanted = house.registry.list().filter(isWanted);
  const broken = house.registry.listBroken().filter((one) => isWanted(one.ref));
  const records = await Promise.all(
    wanted.map(async (record) => {
      if (record.state !== 'running' || record.session !== null) return record;
      return (await askHealth(house, record))?.record ?? record;
    }),
  );
  return [...records.map(getView), ...broken.map(getBrokenView)].sort(
    (a, b) =>
      a.project.localeCompare(b.project) ||
      (a.createdAt ?? '').localeCompare(b.createdAt ?? '') ||
      a.sandbox.localeCompare(b.sandbox),
  );
}

/** One sandbox with what its supervisor says. Throws `sandbox-not-found`. */
export async function getStatus(house: House, ref: SandboxRef): Promise<SandboxStatus> {
  const broken = findBroken(house, ref);
  if (broken) return { ...getBrokenView(broken), supervisor: null };
  const record = getRecord(house, ref);
  const answer = record.state === 'running' ? await askHealth(house, record) : undefined;
  return { ...getView(answer?.record ?? record), supervisor: answer?.health ?? null };
}

/** Throws `sandbox-not-found`, or `sandbox-broken` where its record cannot be read. */
export function getRecord(house: House, ref: SandboxRef): SandboxRecord {
  const record = house.registry.get(ref);
  if (record) return record;
  refuseBroken(house, ref);
  throw new ProblemError({
    code: 'sandbox-not-found',
    message: `there is no sandbox ${formatRef(ref)}`,
    fix: 'cspace ls',
  });
}

/** The record of that name which cannot be read; undefined where it can, or where there is none. */
export function findBroken(house: House, ref: SandboxRef): BrokenRecord | undefined {
  return house.registry.listBroken().find((broken) => formatRef(broken.ref) === formatRef(ref));
}

/** Throws `sandbox-broken` where the record of that name cannot be read. */
export function refuseBroken(house: House, ref: SandboxRef): void {
  const broken = findBroken(house, ref);
  if (!broken) return;
  throw new ProblemError({
    code: 'sandbox-broken',
    message: `the record of ${formatRef(ref)} cannot be read`,
    why: broken.reason,
    fix: `cspace rm --force ${formatRef(ref)}`,
  });
}

/** The supervisor's health, and the record with the session it told; undefined where it does not answer. */
async function askHealth(
  house: House,
  record: SandboxRecord,
): Promise<{ health: Health; record: SandboxRecord } | undefined> {
  try {
    const client = await getSupervisor(house, record);
    const health = await client.getHealth({ timeoutMs: HEALTH_TIMEOUT_MS });
    return { health, record: await rememberSession(house, record, health.session) };
  } catch {
    return undefined;
  }
}

/** Writes down a new session id, unless the record changed meanwhile. */
export async function rememberSession(house: House, record: SandboxRecord, session: string | null) {
  if (session === null || session === record.session) return record;
  if (house.registry.get(record) !== record) return record;
  const changed = { ...record, session };
  await house.registry.put(changed);
  return changed;
}
