import { join } from 'node:path';
import { Failure } from '../failure.ts';
import { withLock } from '../lock.ts';
import { ensureFolder, getPaths, listNames, readJson, type World, writeJson } from '../state.ts';
import { BRIDGE } from './names.ts';

export interface Network {
  name: string;
  mode: 'nat' | 'hostOnly';
  /** The third byte of its subnet is by this; its bridge too. */
  index: number;
  creationDate: string;
  labels: Record<string, string>;
}

/** Never 192.168.64: who has written that down is found out. */
const FIRST_SUBNET = 65;
const MOST = 32;

export const getBridge = ({ index }: Network): string => (index === 0 ? BRIDGE : `${BRIDGE}${index}`);
const getPrefix = ({ index }: Network): string => `192.168.${FIRST_SUBNET + index}`;
export const getGateway = (network: Network): string => `${getPrefix(network)}.1`;
export const getSubnet = (network: Network): string => `${getPrefix(network)}.0/24`;
export const getAddress = (network: Network, last: number): string => `${getPrefix(network)}.${last}`;

const DEFAULT: Network = {
  name: 'default',
  mode: 'nat',
  index: 0,
  creationDate: '2026-08-01T09:00:00Z',
  labels: {},
};

export function listNetworks(world: World): Network[] {
  const { networks } = getPaths(world);
  const made = listNames(networks).filter((name) => name.endsWith('.json'));
  return [DEFAULT, ...made.map((name) => readJson(join(networks, name)) as Network)];
}

export function findNetwork(world: World, name: string): Network | undefined {
  return listNetworks(world).find((network) => network.name === name);
}

export const getMissingNetwork = (name: string): Failure =>
  new Failure('notFound', `network ${name} not found`);

export const getNetworkFile = (world: World, name: string): string =>
  join(ensureFolder(getPaths(world).networks), `${name}.json`);

export function addNetwork(world: World, network: Omit<Network, 'index'>): Promise<void> {
  return withLock(getPaths(world).networkLock, () => {
    if (findNetwork(world, network.name))
      throw new Failure('exists', `network ${network.name} already exists`);
    const used = listNetworks(world).map(({ index }) => index);
    const index = Array.from({ length: MOST }, (_, at) => at).find((at) => !used.includes(at));
    if (index === undefined) throw new Failure('internalError', 'no free subnet');
    writeJson(getNetworkFile(world, network.name), { ...network, index });
  });
}
