import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { Failure } from '../failure.ts';
import { getPaths, readJson, type World, writeJson } from '../state.ts';
import { BRIDGE, getLinkName, getMac } from './names.ts';
import { getAddress, getBridge, getGateway, getSubnet, type Network } from './networks.ts';

/** One of a machine's networks while it runs, as `status.networks` has it. */
export interface Attachment {
  network: string;
  address: string;
  gateway: string;
  mac: string;
  mtu: number;
}

export interface Wanted {
  network: Network;
  mac: string | undefined;
  mtu: number;
}

export interface Attaching {
  world: World;
  id: string;
  pid: number;
  wanted: readonly Wanted[];
  keepAddress: boolean;
  /** The host cannot reach the machine, though all looks well. */
  noRoute: boolean;
}

/** What a Mac gives machines without being told. */
export const DEFAULT_MTU = 1280;

/** The first network namespace's, since Linux 6.17 (NET_NS_INIT_INO of nsfs.h). */
const FIRST_NAMESPACE = 'net:[4026531833]';

/** Bridges are made where the caller is, and the machine's own network namespace is no place for them. */
export function assertLab(own = readlinkSync('/proc/self/ns/net')): void {
  if (own !== FIRST_NAMESPACE && own !== readNamespaceOfInit()) return;
  throw new Failure('internalError', 'the stand-in makes bridges in a lab only: run it by scripts/lab');
}

/** Not every root may read it. */
function readNamespaceOfInit(): string | undefined {
  try {
    return readlinkSync('/proc/1/ns/net');
  } catch {
    return undefined;
  }
}

/** Gives a machine that waits for its first process an interface for each network; eth0 is the first. Holds the lock. */
export function attachNetworks(attaching: Attaching): Attachment[] {
  const { world, id, pid, wanted } = attaching;
  return wanted.map((one, index) => {
    ensureBridge(one.network, attaching.noRoute);
    const { network, mtu } = one;
    const address = getAddress(network, nextNumber(attaching, network));
    const mac = one.mac ?? getMac(`${id} ${index}`);
    const link = getLinkName(`${world.hash} ${index}`, id);
    const eth = `eth${index}`;
    const peer = `type veth peer name ${eth} mtu ${mtu} address ${mac} netns ${pid}`;
    const bridge = getBridge(network);
    run(['ip', '-batch', '-'], `link add ${link} mtu ${mtu} ${peer}\nlink set ${link} master ${bridge} up\n`);
    const inside = [
      'link set lo up',
      `address add ${address}/24 dev ${eth}`,
      `link set ${eth} up`,
      ...(index === 0 ? [`route add default via ${getGateway(network)} dev ${eth}`] : []),
    ];
    run(['nsenter', '-t', `${pid}`, '-n', 'ip', '-batch', '-'], `${inside.join('\n')}\n`);
    return { network: network.name, address, gateway: getGateway(network), mac, mtu };
  });
}

/** The host's ends, which go when the machine ends. */
export const getLinks = (world: World, id: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => getLinkName(`${world.hash} ${index}`, id));

const FORWARDING = '/proc/sys/net/ipv4/ip_forward';

function ensureBridge(network: Network, noRoute: boolean): void {
  const bridge = getBridge(network);
  const isNew = !run(['ip', 'link', 'show', bridge], undefined, true);
  if (isNew) {
    const lines = [
      `link add ${bridge} type bridge`,
      `address add ${getGateway(network)}/24 dev ${bridge}`,
      `link set ${bridge} up`,
    ];
    run(['ip', '-batch', '-'], `${lines.join('\n')}\n`);
    if (readFileSync(FORWARDING, 'utf8').trim() !== '1') writeFileSync(FORWARDING, '1');
  }
  if (isNew || noRoute) run(['nft', '-f', '-'], getRules(network, noRoute));
}

/** The way out is translated, other networks are not reached. */
function getRules(network: Network, noRoute: boolean): string {
  const bridge = getBridge(network);
  const subnet = getSubnet(network);
  return [
    `table ip ${bridge}`,
    `delete table ip ${bridge}`,
    `table ip ${bridge} {`,
    '  chain out { type nat hook postrouting priority srcnat;',
    ...(network.mode === 'nat' ? [`    ip saddr ${subnet} oifname != "${bridge}" masquerade`] : []),
    '  }',
    '  chain pass { type filter hook forward priority filter;',
    `    iifname "${bridge}" oifname "${BRIDGE}*" oifname != "${bridge}" drop`,
    ...(network.mode === 'nat' ? [] : [`    iifname "${bridge}" oifname != "${bridge}" drop`]),
    '  }',
    '  chain own { type filter hook output priority filter;',
    ...(noRoute ? [`    oifname "${bridge}" ct state new reject with icmp type host-unreachable`] : []),
    '  }',
    '}',
    '',
  ].join('\n');
}

/** Another one at every start, as vmnet's lease has it; .2 is the builder's. */
function nextNumber({ world, id, keepAddress }: Attaching, { name }: Network): number {
  const path = getPaths(world).addresses;
  const known = (readJson(path) ?? {}) as Record<string, number>;
  const own = known[`${name}/${id}`];
  if (keepAddress && own !== undefined) return own;
  const last = known[name] ?? 2;
  const next = last >= 250 ? 3 : last + 1;
  writeJson(path, { ...known, [name]: next, [`${name}/${id}`]: next });
  return next;
}

function run(argv: readonly string[], input?: string, mayFail = false): boolean {
  const child = Bun.spawnSync([...argv], {
    stdin: input === undefined ? 'ignore' : new TextEncoder().encode(input),
    stdout: 'ignore',
    stderr: 'pipe',
    timeout: 10_000,
  });
  if (!child.success && !mayFail) throw new Failure('internalError', `${argv.join(' ')}: ${child.stderr}`);
  return child.success;
}
