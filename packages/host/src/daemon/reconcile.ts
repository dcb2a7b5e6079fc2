import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatRef, type SandboxRef } from '@cspace/protocol/names';
import type { SandboxRecord } from '../registry/record.ts';
import { getReason } from '../sandbox/exited.ts';
import type { House } from '../sandbox/house.ts';
import { clearMachine } from '../sandbox/machine.ts';
import { finishRemoval } from '../sandbox/remove.ts';
import { undoUp } from '../sandbox/up.ts';
import type { Machine } from '../substrate/substrate.ts';

/**
 * Brings what is written down and what is there together, at daemon start: machines that run are adopted, an `up`, `down`
 * or `rm` that the last daemon left half way is undone or finished, what vanished is written down as such, and machines
 * of ours that no record knows are removed.
 */
export async function reconcile(house: House, signal: AbortSignal): Promise<void> {
  const machines = new Map<string, Machine>();
  for (const machine of await house.getSubstrate().list(signal))
    machines.set(formatRef(machine.ref), machine);
  for (const record of house.registry.list()) {
    const machine = machines.get(formatRef(record));
    machines.delete(formatRef(record));
    try {
      await reconcileRecord(house, record, machine);
    } catch (error) {
      // One sandbox that cannot be mended must not keep the others from being served.
      house.log.error('reconcile', { sandbox: formatRef(record), error: String(error) });
    }
  }
  for (const machine of machines.values()) {
    house.log.info('removing a machine without a record', { sandbox: formatRef(machine.ref) });
    await house.getSubstrate().destroy(machine.ref, signal);
  }
  await sweepFolders(house);
}

async function reconcileRecord(
  house: House,
  record: SandboxRecord,
  machine: Machine | undefined,
): Promise<void> {
  switch (record.state) {
    case 'starting':
      house.log.info('undoing a half-made sandbox', { sandbox: formatRef(record) });
      return undoUp(house, record);
    case 'stopping':
      if (record.fresh) return finishRemoval(house, record);
      await clearMachine(house, record, 0);
      return house.registry.put({ ...record, state: 'stopped' });
    case 'running': {
      const tokens = await house.tokens.get(record);
      if (machine?.state === 'running' && tokens) return house.journal.append(record, { type: 'adopted' });
      const reason = machine?.state === 'running' ? 'its tokens are gone' : getReason(machine);
      await house.journal.append(record, { type: 'exited', reason, exitCode: machine?.exitCode ?? null });
      await clearMachine(house, record, 0);
      return house.registry.put({ ...record, state: 'exited', reason });
    }
    default:
      if (machine) await clearMachine(house, record, 0);
  }
}

/** Folders that a crash left: of machines that no longer are, clones half made, trees half removed, views of clones. */
async function sweepFolders(house: House): Promise<void> {
  const { home } = house.paths;
  for await (const { ref, path } of findSandboxFolders(join(home, 'machines'))) {
    if (house.registry.get(ref)?.state !== 'running') await rm(path, { recursive: true, force: true });
  }
  for (const folder of ['clones', 'sessions']) {
    for await (const { path, name } of findSandboxFolders(join(home, folder))) {
      if (/^\..*\.(partial|removed|view)$/.test(name)) await rm(path, { recursive: true, force: true });
    }
  }
}

async function* findSandboxFolders(
  folder: string,
): AsyncGenerator<{ ref: SandboxRef; name: string; path: string }> {
  for (const project of await readdir(folder).catch(() => [])) {
    for (const name of await readdir(join(folder, project)).catch(() => [])) {
      yield { ref: { project, sandbox: name }, name, path: join(folder, project, name) };
    }
  }
}
