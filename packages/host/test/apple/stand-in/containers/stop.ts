import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { podman } from '../engine/engine.ts';
import { Failure } from '../failure.ts';
import type { World } from '../state.ts';
import { type Container, findContainer, getEngineName, getFiles } from './record.ts';
import { waitForBusy } from './start.ts';

const POLL_MS = 20;
const KILL_MS = 10_000;

export interface Stopping {
  world: World;
  container: Container;
  signal: string | undefined;
  graceMs: number;
}

/** Asks the first process to end and kills it after the grace; others see the machine `stopping` meanwhile. */
export async function stopContainer({ world, container, signal, graceMs }: Stopping): Promise<void> {
  const { record } = container;
  if (container.state === 'stopped') return;
  const files = getFiles(world, record.id);
  writeFileSync(files.stopping, String(process.pid));
  sendSignal(container, signal ?? record.stopSignal ?? 'SIGTERM');
  if (!(await waitForEnd(world, record.id, graceMs))) {
    sendSignal(container, 'SIGKILL');
    if (!(await waitForEnd(world, record.id, KILL_MS)))
      throw new Failure('timeout', `container ${record.id} did not stop`);
  }
  await cleanUp(world, record.id);
  rmSync(files.stopping, { force: true });
}

/** From outside of its namespace, where only a signal that it handles, or KILL, does anything. */
export function sendSignal(container: Container, name: string): void {
  const { pid } = container;
  const signal = /^\d+$/.test(name)
    ? Number(name)
    : Object.entries(constants.signals).find(
        ([known]) => known.replace('SIG', '') === name.toUpperCase().replace('SIG', ''),
      )?.[1];
  if (signal === undefined) throw new Failure('invalidArgument', `invalid signal: ${name}`);
  try {
    if (pid !== undefined) process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export async function waitForEnd(world: World, id: string, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (findContainer(world, id)?.pid !== undefined) {
    if (performance.now() > deadline) return false;
    await Bun.sleep(POLL_MS);
  }
  return true;
}

const CLEAN_UP_MS = 5000;

/** Waits for what conmon has podman do after an end, its links last of all, or does it. */
export async function cleanUp(world: World, id: string): Promise<void> {
  await waitForBusy(world, id);
  const { links } = getFiles(world, id);
  const deadline = performance.now() + CLEAN_UP_MS;
  while (performance.now() < deadline) {
    if (!existsSync(links) && !existsSync(`${links}-gone`)) return;
    await Bun.sleep(POLL_MS);
  }
  await podman(world, ['container', 'cleanup', getEngineName(world, id)]);
}
