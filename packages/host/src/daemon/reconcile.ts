import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatRef, type SandboxRef } from '@cspace/protocol/names';
import type { SubstrateKind } from '@cspace/protocol/sandbox';
import type { SandboxRecord } from '../registry/record.ts';
import { attachMachine } from '../sandbox/attach.ts';
import { getReason } from '../sandbox/exited.ts';
import type { House } from '../sandbox/house.ts';
import { clearMachine } from '../sandbox/machine.ts';
import { finishRemoval } from '../sandbox/remove.ts';
import { undoUp } from '../sandbox/up.ts';
import type { Machine, Substrate } from '../substrate/substrate.ts';

/** By what each is made with and whose it is: a sandbox that was on its way from one kind to another may have two. */
export type FoundMachines = Map<string, { machine: Machine; substrate: Substrate }>;

const ATTACH_TIMEOUT_MS = 15_000;

const getKey = (kind: SubstrateKind, ref: SandboxRef) => `${kind} ${formatRef(ref)}`;

/**
 * The first part, and the short one: asks for all machines, and writes down of every sandbox said to run whether it does.
 * After it a record in state `running` is true, and its name may be served.
 */
export async function compareWithMachines(house: House, signal: AbortSignal): Promise<FoundMachines> {
  const machines: FoundMachines = new Map();
  for (const substrate of house.substrates.list())
    for (const machine of await substrate.list(signal))
      machines.set(getKey(substrate.kind, machine.ref), { machine, substrate });
  await forEachRecord(house, async (record) => {
    if (record.state !== 'running') return;
    const machine = machines.get(getKey(record.substrate, record))?.machine;
    const tokens = await house.tokens.get(record);
    if (machine?.state === 'running' && tokens) return adopt(house, record, machine);
    const reason = machine?.state === 'running' ? 'its tokens are gone' : getReason(machine);
    await house.registry.put({ ...record, state: 'exited', reason });
    await house.journal.append(record, { type: 'exited', reason, exitCode: machine?.exitCode ?? null });
  });
  return machines;
}

/** Where the machine has a network of its own, its address is what that says now. */
async function adopt(house: House, record: SandboxRecord, { network: own }: Machine): Promise<void> {
  if (own) {
    const signal = AbortSignal.timeout(ATTACH_TIMEOUT_MS);
    await attachMachine(house, record, { plug: { kind: 'own', network: own }, signal });
  }
  await house.journal.append(record, { type: 'adopted' });
}

/**
 * The rest of bringing together what is written down and what is there, at daemon start: machines that run are kept, an
 * `up`, `down` or `rm` that the last daemon left half way is undone or finished, what is left of machines that ended is
 * taken away, and so are machines of ours that no record knows.
 */
export async function reconcile(house: House, machines: FoundMachines, signal: AbortSignal): Promise<void> {
  await forEachRecord(house, async (record) => {
    const hasMachine = machines.delete(getKey(record.substrate, record));
    await reconcileRecord(house, record, hasMachine);
  });
  for (const { machine, substrate } of machines.values()) {
    house.log.info('removing a machine without a record', { sandbox: formatRef(machine.ref) });
    await substrate.destroy(machine.ref, signal);
  }
  await sweepFolders(house);
}

/** One sandbox that cannot be mended must not keep the others from being served. */
async function forEachRecord(house: House, work: (record: SandboxRecord) => Promise<void>): Promise<void> {
  for (const record of house.registry.list()) {
    await work(record).catch((error) =>
      house.log.error('reconcile', { sandbox: formatRef(record), error: String(error) }),
    );
  }
}

async function reconcileRecord(house: House, record: SandboxRecord, hasMachine: boolean): Promise<void> {
  switch (record.state) {
    case 'starting':
      house.log.info('undoing a half-made sandbox', { sandbox: formatRef(record) });
      return undoUp(house, record);
    case 'stopping':
      if (record.fresh) return finishRemoval(house, record);
      await clearMachine(house, record, 0);
      return house.registry.put({ ...record, state: 'stopped' });
    case 'running':
      return;
    default:
      // Its folder is the last to go: where it is there, so may be other things.
      if (hasMachine || existsSync(house.paths.machine(record))) await clearMachine(house, record, 0);
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
