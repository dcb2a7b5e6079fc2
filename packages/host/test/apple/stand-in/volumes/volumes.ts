import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ID_BASE } from '../../../../src/substrate/id-map.ts';
import { getVolumeFolder } from '../containers/engine-argv.ts';
import type { Container } from '../containers/record.ts';
import { Failure } from '../failure.ts';
import { ensureFolder, getPaths, listNames, readJson, type World, writeJson } from '../state.ts';

export interface Volume {
  name: string;
  creationDate: string;
  labels: Record<string, string>;
  options: Record<string, string>;
  sizeInBytes: number;
}

/** Sparse, so that nobody minds. */
export const DEFAULT_SIZE = 512 * 1024 ** 3;

const getRecordFile = (world: World, name: string): string =>
  join(getPaths(world).volumes, name, 'volume.json');

export function findVolume(world: World, name: string): Volume | undefined {
  return readJson(getRecordFile(world, name)) as Volume | undefined;
}

export function listVolumes(world: World): Volume[] {
  return listNames(getPaths(world).volumes).flatMap((name) => findVolume(world, name) ?? []);
}

/** As a new ext4 is: root's, with `lost+found` in it. */
export function addVolume(world: World, volume: Volume): void {
  ensureFolder(getPaths(world).volumes);
  try {
    mkdirSync(join(getPaths(world).volumes, volume.name));
  } catch {
    throw new Failure('exists', `volume '${volume.name}' already exists`);
  }
  const folder = getVolumeFolder(world, volume.name);
  for (const [path, mode] of [
    [folder, 0o755],
    [join(folder, 'lost+found'), 0o700],
  ] as const) {
    mkdirSync(path, { mode });
    // Without root there is no machine either that it could be given to.
    if (process.getuid?.() === 0) chownSync(path, ID_BASE, ID_BASE);
  }
  writeJson(getRecordFile(world, volume.name), volume);
}

const getNames = ({ record }: Container): string[] =>
  record.mounts.flatMap(({ kind, source }) => (kind === 'volume' ? [source] : []));

export const isUsed = (name: string, containers: readonly Container[]): boolean =>
  containers.some((container) => getNames(container).includes(name));

/** A block device is one virtual machine's at a time. */
export function assertVolumesFree(container: Container, all: readonly Container[]): void {
  const others = all.filter(({ record, pid }) => pid !== undefined && record.id !== container.record.id);
  const busy = getNames(container).find((name) => isUsed(name, others));
  if (busy === undefined) return;
  const text =
    'Error Domain=VZErrorDomain Code=2 "A storage device attachment is invalid." UserInfo={NSLocalizedFailure=Invalid virtual machine configuration.}';
  throw new Failure('internalError', 'failed to bootstrap container', new Failure('unknown', text));
}
