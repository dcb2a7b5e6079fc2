import { readFile, realpath, writeFile } from 'node:fs/promises';
import { ProblemError } from '@cspace/protocol/problem';
import { getHomeLabel } from '../substrate/labels.ts';
import type { Owner } from '../system/owner.ts';
import { getGateway, getMac, parseSubnet } from './addresses.ts';
import { getAlias, getOwnership, type Link, type Ownership, parseLinks } from './bridge.ts';
import { findOverlap, hasGuardRoute, parseRoutes, type Route } from './routes.ts';
import { getRules, getRulesRemoval } from './rules.ts';
import { runTool } from './tools.ts';

export interface NetworkConfig {
  bridge: string;
  /** `192.168.64.0/24`; the gateway is its first address. */
  subnet: string;
  /** CSPACE_HOME: whose the bridge is. */
  home: string;
  owner: Owner;
}

/** Behind every route that interfaces bring along, before a default route of the same length there is none. */
const GUARD_METRIC = 4096;
/** Of the network namespace that the process is in (proc_sys_net(5)). */
const IP_FORWARD = '/proc/sys/net/ipv4/ip_forward';

/**
 * Makes the bridge of this home as it should be, whatever state it is in. First of all the guard route: without it a
 * packet for a sandbox would leave by the default route whenever the bridge is away. Throws `home-conflict` where
 * another home holds the bridge, `network-unavailable` where something else is in the way.
 */
export async function ensureNetwork(config: NetworkConfig, signal: AbortSignal): Promise<void> {
  const subnet = parseSubnet(config.subnet);
  const routes = await readRoutes(signal);
  const guarded = hasGuardRoute(routes, config.subnet, GUARD_METRIC);
  if (!guarded) await changeGuardRoute('add', config.subnet, signal);
  try {
    const overlap = findOverlap(routes, subnet, config.bridge);
    if (overlap) throw await getOverlapProblem(config, overlap, signal);
    await ensureBridge(config, signal);
  } catch (error) {
    if (!guarded) await changeGuardRoute('del', config.subnet, AbortSignal.timeout(5000));
    throw error;
  }
  await ensureForwarding();
  await runTool('write the firewall rules', ['nft', '-f', '-'], { signal, input: getRules(config) });
}

/** Takes away what is ours, the guard route last. Nothing is touched where the bridge is somebody else's. */
export async function removeNetwork(config: NetworkConfig, signal: AbortSignal): Promise<void> {
  const { ownership } = await readBridge(config, signal);
  if (ownership.kind === 'other-home' || ownership.kind === 'foreign') return;
  await runTool('remove the firewall rules', ['nft', '-f', '-'], { signal, input: getRulesRemoval(config) });
  if (ownership.kind === 'ours') {
    await runTool('remove the bridge', ['ip', 'link', 'del', config.bridge], { signal });
  }
  const routes = await readRoutes(signal);
  // It is another home's as well where that one has the subnet on a bridge of its own.
  const shared = findOverlap(routes, parseSubnet(config.subnet), config.bridge) !== undefined;
  if (!shared && hasGuardRoute(routes, config.subnet, GUARD_METRIC)) {
    await changeGuardRoute('del', config.subnet, signal);
  }
}

async function ensureBridge(config: NetworkConfig, signal: AbortSignal): Promise<void> {
  const { bridge } = config;
  const gateway = getGateway(config.subnet);
  const mac = getMac(gateway);
  const { ownership, realHome } = await readBridge(config, signal);
  if (ownership.kind === 'other-home') throw getConflictProblem(config, ownership.holder);
  if (ownership.kind === 'foreign') throw getForeignProblem(bridge);
  if (ownership.kind === 'none') {
    const argv = ['ip', 'link', 'add', 'name', bridge, 'address', mac, 'type', 'bridge'];
    await runTool('make the bridge', argv, { signal });
  }
  const alias = getAlias(realHome, config.owner.uid);
  await runTool('note whose the bridge is', ['ip', 'link', 'set', bridge, 'alias', alias], { signal });
  await runTool('set the bridge up', ['ip', '-batch', '-'], {
    signal,
    input: [
      // No IPv6 address of its own: services of the host would be reachable by it.
      `link set ${bridge} address ${mac} addrgenmode none`,
      `address replace ${gateway}/${parseSubnet(config.subnet).prefix} brd + dev ${bridge}`,
      `link set ${bridge} up`,
      '',
    ].join('\n'),
  });
}

async function readBridge(
  config: NetworkConfig,
  signal: AbortSignal,
): Promise<{ ownership: Ownership; realHome: string }> {
  const realHome = await realpath(config.home);
  const link = await readLink(config.bridge, signal);
  const ownership = getOwnership(link, getHomeLabel(realHome), getMac(getGateway(config.subnet)));
  return { ownership, realHome };
}

/** All links are asked for: `ip` fails where one that is named is missing, as it does for other reasons. */
async function readLink(name: string, signal: AbortSignal): Promise<Link | undefined> {
  const text = await runTool('list the interfaces', ['ip', '-json', '-details', 'link', 'show'], { signal });
  return parseLinks(text).find((link) => link.ifname === name);
}

async function readRoutes(signal: AbortSignal): Promise<Route[]> {
  const argv = ['ip', '-4', '-json', 'route', 'show', 'table', 'all'];
  return parseRoutes(await runTool('list the routes', argv, { signal }));
}

async function changeGuardRoute(verb: 'add' | 'del', subnet: string, signal: AbortSignal): Promise<void> {
  const argv = ['ip', 'route', verb, 'unreachable', subnet, 'metric', String(GUARD_METRIC)];
  await runTool('guard the subnet with a route', argv, { signal });
}

/** Left on at the end: by then other programs may count on it. */
async function ensureForwarding(): Promise<void> {
  if ((await readFile(IP_FORWARD, 'utf8')).trim() !== '1') await writeFile(IP_FORWARD, '1');
}

/** The other interface may be the bridge of another home. */
async function getOverlapProblem(
  config: NetworkConfig,
  overlap: Route,
  signal: AbortSignal,
): Promise<ProblemError> {
  const link = overlap.dev === undefined ? undefined : await readLink(overlap.dev, signal);
  const ownership = getOwnership(link, '', '');
  if (ownership.kind === 'other-home') return getConflictProblem(config, ownership.holder, overlap.dev);
  return new ProblemError({
    code: 'network-unavailable',
    message: `the subnet ${config.subnet} is in use on this host`,
    why: `the route ${overlap.dst} leads to the interface ${overlap.dev ?? 'unknown'}`,
    fix: 'set "subnet" in config.json to one that is free, such as 192.168.164.0/24',
  });
}

function getConflictProblem(
  config: NetworkConfig,
  holder: { uid: number; path: string },
  bridge = config.bridge,
): ProblemError {
  return new ProblemError({
    code: 'home-conflict',
    message: `another home of cspace holds the bridge ${bridge}`,
    why: `it is that of ${holder.path} (user ${holder.uid})`,
    fix: `CSPACE_HOME=${holder.path} cspace daemon stop, or another "bridge", "subnet" and "ports" in config.json`,
  });
}

function getForeignProblem(bridge: string): ProblemError {
  return new ProblemError({
    code: 'network-unavailable',
    message: `an interface named ${bridge} is there that cspace did not make`,
    fix: 'set "bridge" in config.json to another name',
  });
}
