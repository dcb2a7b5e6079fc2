import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RemoveResponse } from '@cspace/protocol/daemon-api';
import { formatRef, type SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import type { SandboxRecord } from '../registry/record.ts';
import type { House } from './house.ts';
import { clearMachine } from './machine.ts';
import { getViewsFolder } from './provision/clone-view.ts';
import { findUniqueWork, type UniqueWork } from './provision/work.ts';
import { findBroken, getRecord } from './view.ts';

/**
 * Removes a sandbox for good: machine, clone, session, record. Throws `work-would-be-lost` while the clone holds work
 * that is nowhere else, unless forced.
 */
export async function remove(
  house: House,
  ref: SandboxRef,
  options: { force: boolean; signal: AbortSignal },
): Promise<RemoveResponse> {
  const release = await house.locks.acquire(formatRef(ref), options.signal);
  try {
    const record = house.registry.get(ref);
    if (record) await removeRecorded(house, record, options);
    else await removeBroken(house, ref, options.force);
    return { project: ref.project, sandbox: ref.sandbox, removed: true };
  } finally {
    release();
  }
}

async function removeRecorded(
  house: House,
  record: SandboxRecord,
  { force, signal }: { force: boolean; signal: AbortSignal },
): Promise<void> {
  if (!force) {
    const work = await findUniqueWork({
      clone: house.paths.clone(record),
      repository: record.repository,
      branch: record.branch,
      owner: house.owner,
      signal,
    });
    refuseToLose(record, work);
  }
  // From here on it only gets less: a crash is gone on with by the next daemon.
  const removing = { ...record, state: 'stopping' as const, fresh: true };
  await house.registry.put(removing);
  await finishRemoval(house, removing);
}

/** The rest of a removal, from wherever it was left. */
export async function finishRemoval(house: House, record: SandboxRecord): Promise<void> {
  await clearMachine(house, record, 0);
  await removeFolders(house, record);
  await house.registry.remove(record);
}

/** Without a record nobody knows what is in the clone, so it takes a word from the person. */
async function removeBroken(house: House, ref: SandboxRef, force: boolean): Promise<void> {
  if (!findBroken(house, ref) || !force) getRecord(house, ref);
  // Nor what its machine was made with.
  for (const substrate of house.substrates.list()) await substrate.destroy(ref, AbortSignal.timeout(60_000));
  await removeFolders(house, ref);
  await house.registry.remove(ref);
}

/** Throws `work-would-be-lost` that names what is nowhere else. */
export function refuseToLose(record: SandboxRecord, work: UniqueWork): void {
  const parts = [
    count(work.commits, 'commit', 'not in the repository'),
    count(work.changed.length, 'changed file', list(work.changed)),
    count(work.untracked.length, 'untracked file', list(work.untracked)),
    count(work.stashes, 'stash', ''),
  ].filter((part) => part !== undefined);
  if (parts.length === 0) return;
  throw new ProblemError({
    code: 'work-would-be-lost',
    message: `${record.sandbox} holds work that is nowhere else`,
    why: parts.join('\n'),
    fix: `cspace fetch ${record.sandbox}    or, to lose it: cspace rm --force ${record.sandbox}`,
  });
}

function count(n: number, noun: string, detail: string): string | undefined {
  if (n === 0) return undefined;
  return `${n} ${noun}${n === 1 ? '' : 's'}${detail === '' ? '' : `: ${detail}`}`;
}

/** The guest chose these names: escape sequences in them are not for a terminal. */
const list = (names: string[]) =>
  names
    .slice(0, 3)
    .map((name) => JSON.stringify(name))
    .join(', ') + (names.length > 3 ? ', …' : '');

/** Clone, session and journal. Each is renamed first: half a clone never stands under its name. */
export async function removeFolders(house: House, ref: SandboxRef): Promise<void> {
  const { paths } = house;
  for (const path of [paths.clone(ref), paths.session(ref)]) {
    const doomed = join(dirname(path), `.${randomBytes(6).toString('hex')}.removed`);
    try {
      await rename(path, doomed);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      continue;
    }
    await rm(doomed, { recursive: true, force: true });
  }
  await rm(paths.partialClone(ref), { recursive: true, force: true });
  await rm(getViewsFolder(paths.clone(ref)), { recursive: true, force: true });
  await rm(paths.journal(ref), { force: true });
}
