import { rmSync } from 'node:fs';
import { podman } from '../engine/engine.ts';
import { Failure } from '../failure.ts';
import { withLock } from '../lock.ts';
import type { World } from '../state.ts';
import { findContainer, getEngineName, getLockFile, readMade, removeRecord } from './record.ts';
import { waitForBusy } from './start.ts';

/** Pauses between tries: what is mounted may be busy for a moment. */
const PAUSES_MS = [0, 100, 400, 1500];

/** Removes a machine; one that runs by force only, and then at once, without asking it; one that is stopping not at all. */
export async function removeContainer(world: World, id: string, force: boolean): Promise<void> {
  const lock = getLockFile(world, id);
  await withLock(lock, async () => {
    await waitForBusy(world, id);
    const found = findContainer(world, id);
    if (!found) throw new Failure('notFound', `container with ID ${id} not found`);
    if (found.state === 'stopping' || (found.state === 'running' && !force))
      throw new Failure('invalidState', `container ${id} is ${found.state} and can not be deleted`);
    if (readMade(world, id) !== undefined) await removeFromEngine(world, getEngineName(world, id));
    removeRecord(world, id);
  });
  rmSync(lock, { force: true });
}

export async function removeFromEngine(world: World, name: string): Promise<void> {
  let why = '';
  for (const pauseMs of PAUSES_MS) {
    await Bun.sleep(pauseMs);
    const result = await podman(world, ['rm', '--force', '--time', '0', '--volumes', name]);
    if (result.ok) return;
    // It may have failed over what went by itself.
    if ((await podman(world, ['container', 'exists', name])).code === 1) return;
    why = result.stderr.trim();
  }
  throw new Failure('internalError', why);
}
