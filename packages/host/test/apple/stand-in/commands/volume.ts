import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { getFlag, getFlags, hasFlag } from '../cli/flags.ts';
import { getVolumeFolder } from '../containers/engine-argv.ts';
import { getPairs } from '../containers/make-record.ts';
import { listContainers } from '../containers/record.ts';
import { parseSize } from '../containers/sizes.ts';
import { Failure } from '../failure.ts';
import { print } from '../output.ts';
import { formatJson } from '../render/json.ts';
import { printList } from '../render/list.ts';
import { getVolumeJson } from '../render/volume.ts';
import { isSince } from '../versions.ts';
import { addVolume, DEFAULT_SIZE, findVolume, isUsed, listVolumes } from '../volumes/volumes.ts';
import { type Context, forEach, getArgument, type Handler } from './context.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/;

const getMissing = ({ knobs }: Context, name: string): Failure =>
  knobs.oddText
    ? new Failure('unknown', `no such thing: ${name}`)
    : new Failure('notFound', `volume '${name}' not found`);

export const create: Handler = async (context) => {
  const { world, request } = context;
  const name = getArgument(context);
  if (!NAME.test(name)) throw new Failure('invalidArgument', `invalid volume name '${name}'`);
  const options = getPairs(getFlags(request, '--opt'));
  const size = getFlag(request, '-s') ?? options.size;
  addVolume(world, {
    name,
    creationDate: new Date().toISOString(),
    labels: getPairs(getFlags(request, '--label')),
    options: size === undefined ? options : { ...options, size },
    sizeInBytes: size === undefined ? DEFAULT_SIZE : parseSize(size),
  });
  print(name);
  return 0;
};

export const inspect: Handler = async (context) => {
  const { world, version, request } = context;
  const found = request.arguments.map((name) => {
    const volume = findVolume(world, name);
    if (!volume) throw getMissing(context, name);
    return getVolumeJson(volume, version);
  });
  print(formatJson(found, { pretty: isSince(version, '1.0.0') }));
  return 0;
};

export const list: Handler = async ({ world, version, request }) => {
  const all = listVolumes(world);
  printList({
    ids: all.map(({ name }) => name),
    objects: all.map((volume) => getVolumeJson(volume, version)),
    quiet: hasFlag(request, '--quiet'),
    format: getFlag(request, '--format') ?? 'table',
    table: [['NAME', 'TYPE', 'DRIVER'], ...all.map(({ name }) => [name, 'named', 'local'])],
  });
  return 0;
};

/** None that a machine names, running or not. */
export const remove: Handler = async (context) => {
  const { world, request } = context;
  const names = hasFlag(request, '--all') ? listVolumes(world).map(({ name }) => name) : request.arguments;
  await forEach(names, async (name) => {
    const wrap = (nested: Failure) =>
      new Failure('internalError', 'failed to delete one or more volumes', nested);
    if (!findVolume(world, name)) throw wrap(getMissing(context, name));
    if (isUsed(name, listContainers(world)))
      throw wrap(
        new Failure(
          'invalidState',
          `volume '${name}' is currently in use and cannot be accessed by another container, or deleted`,
        ),
      );
    rmSync(dirname(getVolumeFolder(world, name)), { recursive: true });
    print(name);
  });
  return 0;
};

export const prune: Handler = async ({ world }) => {
  const containers = listContainers(world);
  for (const { name } of listVolumes(world)) {
    if (isUsed(name, containers)) continue;
    rmSync(dirname(getVolumeFolder(world, name)), { recursive: true });
    print(name);
  }
  return 0;
};
