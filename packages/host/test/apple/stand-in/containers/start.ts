import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { becomePodman, getDefaultUlimits, podman } from '../engine/engine.ts';
import { Failure } from '../failure.ts';
import type { Knobs } from '../knobs.ts';
import { withLock } from '../lock.ts';
import { type Attachment, assertLab, attachNetworks, getLinks } from '../network/attach.ts';
import { findNetwork, getMissingNetwork } from '../network/networks.ts';
import { getPaths, type World, writeJson } from '../state.ts';
import { assertVolumesFree } from '../volumes/volumes.ts';
import { getBootLog } from './boot-log.ts';
import { getCreateArgv } from './engine-argv.ts';
import {
  type Container,
  type ContainerRecord,
  findContainer,
  getEngineName,
  getFiles,
  getLivingPid,
  getLockFile,
  listContainers,
  readMade,
} from './record.ts';
import { writeResolver } from './resolver.ts';

export interface Starting {
  world: World;
  knobs: Knobs;
  id: string;
}

/** Starts a machine, and does nothing to one that runs. What it prints is kept, and read by nobody. */
export function startContainer(starting: Starting): Promise<void> {
  return withLock(getLockFile(starting.world, starting.id), async () => {
    if (await prepare(starting)) await letGo(starting);
  });
}

/** Starts it and becomes its streams: never returns. */
export async function startAttached(starting: Starting, interactive: boolean): Promise<never> {
  const { world, id } = starting;
  await withLock(getLockFile(world, id), () => prepare(starting));
  const input = interactive ? ['--interactive'] : [];
  return becomePodman(world, ['start', '--attach', ...input, getEngineName(world, id)]);
}

/** Makes all ready up to the first process, which waits; false where the machine runs already. */
async function prepare(starting: Starting): Promise<boolean> {
  const { world, id } = starting;
  await waitForBusy(world, id);
  const found = findContainer(world, id);
  if (!found) throw new Failure('notFound', `container not found: ${id}`);
  if (found.state !== 'stopped') return false;
  assertLab();
  for (const { kind, source } of found.record.mounts) {
    if (kind === 'virtiofs' && !existsSync(source))
      throw new Failure(
        'internalError',
        'failed to bootstrap container',
        new Failure('invalidArgument', `mount source path '${source}' does not exist`),
      );
  }
  assertVolumesFree(found, listContainers(world));
  await initialise(world, found);
  const networks = await attach(starting, found);
  const files = getFiles(world, id);
  writeFileSync(files.boot, getBootLog(world, found.record));
  rmSync(files.stopping, { force: true });
  writeResolver(found.record, networks, getPid(world, id));
  writeJson(files.run, { startedDate: new Date().toISOString(), networks });
  return true;
}

async function letGo({ world, id }: Starting): Promise<void> {
  const { busy, run } = getFiles(world, id);
  const started = await podman(world, ['start', getEngineName(world, id)], busy);
  if (started.ok) return;
  rmSync(run, { force: true });
  await podman(world, ['stop', '--time', '0', getEngineName(world, id)], busy);
  throw new Failure(
    'internalError',
    'failed to start process',
    new Failure('unknown', started.stderr.trim()),
  );
}

/** A podman that a killed call has left behind is still at work. */
export async function waitForBusy(world: World, id: string): Promise<void> {
  const { busy } = getFiles(world, id);
  while (getLivingPid(busy) !== undefined) await Bun.sleep(20);
  rmSync(busy, { force: true });
}

/** Up to the first process; what a cut-off start has left is ended first. */
async function initialise(world: World, { record }: Container): Promise<void> {
  const name = getEngineName(world, record.id);
  const { busy, run } = getFiles(world, record.id);
  rmSync(run, { force: true });
  const init = () => podman(world, ['init', name], busy);
  if (readMade(world, record.id) !== 'made') await makeInEngine(world, record);
  let result = await init();
  if (!result.ok && /no such container|no container with name/i.test(result.stderr)) {
    await makeInEngine(world, record);
    result = await init();
  }
  for (let tries = 0; !result.ok && tries < 3; tries += 1) {
    await podman(world, ['stop', '--time', '0', name], busy);
    await podman(world, ['container', 'cleanup', name], busy);
    result = await init();
  }
  if (!result.ok) throw getBootstrapFailure(result.stderr);
}

/** What was begun before may be there in part. */
async function makeInEngine(world: World, record: ContainerRecord): Promise<void> {
  const { busy, made } = getFiles(world, record.id);
  if (readMade(world, record.id) !== undefined)
    await podman(world, ['rm', '--force', '--time', '0', getEngineName(world, record.id)], busy);
  writeFileSync(made, 'begun');
  const result = await podman(world, getCreateArgv(world, record, getDefaultUlimits(world)), busy);
  if (!result.ok) throw getBootstrapFailure(result.stderr);
  writeFileSync(made, 'made');
}

const getBootstrapFailure = (text: string): Failure =>
  new Failure('internalError', 'failed to bootstrap container', new Failure('unknown', text.trim()));

function getPid(world: World, id: string): number {
  const pid = Number(readFileSync(getFiles(world, id).pid, 'utf8'));
  if (pid > 1) return pid;
  throw new Failure('internalError', 'failed to bootstrap container');
}

function attach({ world, knobs, id }: Starting, { record }: Container): Promise<Attachment[]> {
  const wanted = record.networks.map(({ network: name, mac, mtu }) => {
    const network = findNetwork(world, name);
    if (!network) throw getMissingNetwork(name);
    return { network, mac, mtu };
  });
  const pid = getPid(world, id);
  return withLock(getPaths(world).networkLock, () => {
    // First, so that the links go with the machine whatever comes in between.
    writeFileSync(getFiles(world, id).links, `${pid} ${getLinks(world, id, wanted.length).join(' ')}\n`);
    return attachNetworks({
      world,
      id,
      pid,
      wanted,
      keepAddress: knobs.keepAddress ?? false,
      noRoute: knobs.network === 'no-route',
    });
  });
}
