import { rmSync } from 'node:fs';
import { getFlag, getFlags, hasFlag } from '../cli/flags.ts';
import { getPairs } from '../containers/make-record.ts';
import { listContainers } from '../containers/record.ts';
import { Failure } from '../failure.ts';
import {
  addNetwork,
  findNetwork,
  getMissingNetwork,
  getNetworkFile,
  getSubnet,
  listNetworks,
} from '../network/networks.ts';
import { print } from '../output.ts';
import { formatJson } from '../render/json.ts';
import { printList } from '../render/list.ts';
import { getNetworkJson } from '../render/network.ts';
import { isSince } from '../versions.ts';
import { type Context, forEach, getArgument, type Handler } from './context.ts';

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** As before macOS 26, where all of this is not there. */
function assertSupported({ knobs }: Context): void {
  if (knobs.network === 'unsupported')
    throw new Failure('unsupported', 'network management requires macOS 26 or newer');
}

export const inspect: Handler = async (context) => {
  assertSupported(context);
  const { world, version, request } = context;
  const isNew = isSince(version, '1.0.0');
  const found = request.arguments.flatMap((name) => {
    const network = findNetwork(world, name);
    if (!network && isNew) throw getMissingNetwork(name);
    return network ?? [];
  });
  print(
    formatJson(
      found.map((network) => getNetworkJson(network, version)),
      { pretty: isNew },
    ),
  );
  return 0;
};

export const list: Handler = async (context) => {
  assertSupported(context);
  const { world, version, request } = context;
  const all = listNetworks(world);
  printList({
    ids: all.map(({ name }) => name),
    objects: all.map((network) => getNetworkJson(network, version)),
    quiet: hasFlag(request, '--quiet'),
    format: getFlag(request, '--format') ?? 'table',
    table: [
      ['NETWORK', 'STATE', 'SUBNET'],
      ...all.map((network) => [network.name, 'running', getSubnet(network)]),
    ],
  });
  return 0;
};

export const create: Handler = async (context) => {
  assertSupported(context);
  const { world, request } = context;
  const name = getArgument(context);
  if (!NAME.test(name)) throw new Failure('invalidArgument', `invalid network name: ${name}`);
  await addNetwork(world, {
    name,
    mode: hasFlag(request, '--internal') ? 'hostOnly' : 'nat',
    creationDate: new Date().toISOString(),
    labels: getPairs(getFlags(request, '--label')),
  });
  print(name);
  return 0;
};

export const remove: Handler = async (context) => {
  assertSupported(context);
  const { world, request } = context;
  const made = listNetworks(world)
    .filter(({ name }) => name !== 'default')
    .map(({ name }) => name);
  await forEach(hasFlag(request, '--all') ? made : request.arguments, async (name) => {
    if (name === 'default') throw new Failure('invalidArgument', 'cannot delete the default network');
    if (!findNetwork(world, name)) throw getMissingNetwork(name);
    if (isUsed(context, name)) throw new Failure('invalidState', `network ${name} is in use`);
    rmSync(getNetworkFile(world, name));
    print(name);
  });
  return 0;
};

export const prune: Handler = async (context) => {
  assertSupported(context);
  for (const { name } of listNetworks(context.world)) {
    if (name === 'default' || isUsed(context, name)) continue;
    rmSync(getNetworkFile(context.world, name));
    print(name);
  }
  return 0;
};

const isUsed = ({ world }: Context, name: string): boolean =>
  listContainers(world).some(({ record }) => record.networks.some(({ network }) => network === name));
