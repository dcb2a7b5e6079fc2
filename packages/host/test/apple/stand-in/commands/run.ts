import { writeFileSync } from 'node:fs';
import { getFlag, hasFlag } from '../cli/flags.ts';
import { getId, makeRecord } from '../containers/make-record.ts';
import { addRecord, type ContainerRecord, findContainer, getFiles } from '../containers/record.ts';
import { removeContainer } from '../containers/remove.ts';
import { startAttached, startContainer } from '../containers/start.ts';
import { Failure } from '../failure.ts';
import { fetchImage } from '../images/find.ts';
import { findNetwork, getMissingNetwork } from '../network/networks.ts';
import { print, printError } from '../output.ts';
import { addVolume, DEFAULT_SIZE, findVolume } from '../volumes/volumes.ts';
import { type Context, getArgument, type Handler, printProgress } from './context.ts';

const STEPS = [
  'Fetching image',
  'Unpacking image',
  'Fetching kernel',
  'Fetching init image',
  'Unpacking init image',
];

export const create: Handler = async (context) => {
  const { id } = await make(context, STEPS);
  print(id);
  return 0;
};

export const run: Handler = async (context) => {
  const { world, knobs, request } = context;
  const record = await make(context, [...STEPS, 'Starting container']);
  const { id } = record;
  try {
    if (!hasFlag(request, '--detach')) await startAttached({ world, knobs, id }, record.interactive);
    await startContainer({ world, knobs, id });
  } catch (error) {
    await removeContainer(world, id, true).catch(() => undefined);
    throw error;
  }
  print(id);
  return 0;
};

/** Everything but the start: whatever is wrong with the request is said before there is anything. */
async function make(context: Context, steps: readonly string[]): Promise<ContainerRecord> {
  const { world, version, request, knobs } = context;
  const id = getId(request, version);
  if (findContainer(world, id))
    throw new Failure(
      'exists',
      knobs.oddText ? 'container already exists' : `container with id ${id} already exists`,
    );
  const image = await fetchImage(world, getArgument(context));
  const record = { ...makeRecord(request, image, version), id };
  for (const { network } of record.networks)
    if (!findNetwork(world, network)) throw getMissingNetwork(network);
  const named = { ...record, mounts: record.mounts.map((mount) => nameVolume(mount, id)) };
  for (const { kind, source } of named.mounts) if (kind === 'volume') ensureVolume(context, source);
  printProgress(context, steps);
  addRecord(world, named);
  if (named.autoRemove) writeFileSync(getFiles(world, id).autoRemove, '');
  const cidfile = getFlag(request, '--cidfile');
  if (cidfile !== undefined) writeFileSync(cidfile, id);
  return named;
}

type Mount = ContainerRecord['mounts'][number];

/** One without a name gets one of its own. */
function nameVolume(mount: Mount, id: string): Mount {
  if (mount.kind !== 'volume' || mount.source !== '') return mount;
  return { ...mount, source: `anon-${Bun.hash(`${id}${mount.target}`).toString(16)}` };
}

function ensureVolume({ world }: Context, name: string): void {
  if (findVolume(world, name)) return;
  printError(`Warning: volume '${name}' does not exist, creating it`);
  addVolume(world, {
    name,
    creationDate: new Date().toISOString(),
    labels: {},
    options: {},
    sizeInBytes: DEFAULT_SIZE,
  });
}
