import { readFile, realpath, writeFile } from 'node:fs/promises';
import { ProblemError } from '@cspace/protocol/problem';
import { getHomeLabel } from '../substrate/labels.ts';
import { parseSubnet } from './addresses.ts';
import { type CablesConfig, readLinks, tidyCables } from './cables.ts';
import {
  ensureGateway,
  type GatewayConfig,
  getConflictProblem,
  readGateway,
  removeGateway,
} from './gateway.ts';
import { closeHostFirewall, openHostFirewall } from './host-firewall.ts';
import { parseAlias } from './links.ts';
import { findOverlap, hasGuardRoute, parseRoutes, type Route } from './routes.ts';
import { getRules, getRulesRemoval, type Member, type RulesConfig } from './rules.ts';
import { getToolProblem, runTool, tryTool } from './tools.ts';

/**
 * `bridge` names interface and table; the gateway is the first address of `subnet`; `home` is CSPACE_HOME, whose all of
 * it is.
 */
export type NetworkConfig = GatewayConfig & RulesConfig;

/** What a cable of this home is made with. */
export async function getCablesConfig({ subnet, home }: NetworkConfig): Promise<CablesConfig> {
  return { subnet, homeLabel: getHomeLabel(await realpath(home)) };
}

/** Behind every route that interfaces bring along, before a default route of the same length there is none. */
const GUARD_METRIC = 4096;
/** Of the network namespace that the process is in (proc_sys_net(5)). */
const IP_FORWARD = '/proc/sys/net/ipv4/ip_forward';

/**
 * Makes the network of this home as it should be for `members`, whatever state it is in. First of all the guard route:
 * without it a packet for a sandbox would leave by the default route whenever its cable is away. Throws `home-conflict`
 * where another home holds the bridge, `network-unavailable` where something else is in the way.
 */
export async function ensureNetwork(
  config: NetworkConfig,
  members: readonly Member[],
  signal: AbortSignal,
): Promise<void> {
  const subnet = parseSubnet(config.subnet);
  const routes = await readRoutes(signal);
  const guarded = hasGuardRoute(routes, config.subnet, GUARD_METRIC);
  if (!guarded) await changeGuardRoute('add', config.subnet, signal);
  try {
    const overlap = findOverlap(routes, subnet, config.bridge);
    if (overlap) throw await getOverlapProblem(config, overlap, signal);
    await ensureGateway(config, signal);
    await ensureForwarding();
    await writeRules(config, members, signal);
    await openHostFirewall(config, signal);
    await tidyCables(await getCablesConfig(config), members, signal);
  } catch (error) {
    if (!guarded && !(await isHeld(config))) {
      await changeGuardRoute('del', config.subnet, AbortSignal.timeout(5000));
    }
    throw error;
  }
}

/**
 * Replaces the rules by those for `members`, at one stroke. What sandboxes have in open flows stays counted, unless somebody
 * made of the table what ours does not fit into: then that is made anew as well.
 */
export async function writeRules(
  config: RulesConfig,
  members: readonly Member[],
  signal: AbortSignal,
): Promise<void> {
  const [action, argv] = ['write the firewall rules', ['nft', '-f', '-']];
  const written = await tryTool(argv, signal, getRules(config, members, { keepsFlows: true }));
  if (written.ok) return;
  if (written.exitCode === undefined) throw getToolProblem(action, written, 'nft');
  await runTool(action, argv, { signal, input: getRules(config, members) });
}

/** Takes away what is ours, the guard route last. Nothing is touched where the bridge is somebody else's. */
export async function removeNetwork(config: NetworkConfig, signal: AbortSignal): Promise<void> {
  const { ownership } = await readGateway(config, signal);
  if (ownership.kind === 'other-home' || ownership.kind === 'foreign') return;
  // Cables before the rules that hold them.
  await tidyCables(await getCablesConfig(config), [], signal);
  await closeHostFirewall(config, signal);
  await runTool('remove the firewall rules', ['nft', '-f', '-'], { signal, input: getRulesRemoval(config) });
  if (ownership.kind === 'ours') await removeGateway(config.bridge, signal);
  const routes = await readRoutes(signal);
  // It is another home's as well where that one has the subnet on a bridge of its own.
  const shared = findOverlap(routes, parseSubnet(config.subnet), config.bridge) !== undefined;
  if (!shared && hasGuardRoute(routes, config.subnet, GUARD_METRIC)) {
    await changeGuardRoute('del', config.subnet, signal);
  }
}

/** Whether something of ours is there that the guard route is for. */
async function isHeld(config: NetworkConfig): Promise<boolean> {
  const read = readGateway(config, AbortSignal.timeout(5000));
  return (await read.catch(() => undefined))?.ownership.kind === 'ours';
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

/** The other interface may be that of another home. */
async function getOverlapProblem(
  config: NetworkConfig,
  overlap: Route,
  signal: AbortSignal,
): Promise<ProblemError> {
  const link = (await readLinks(signal)).find(({ ifname }) => ifname === overlap.dev);
  const holder = parseAlias(link?.ifalias);
  if (holder) return getConflictProblem(link?.ifname ?? config.bridge, holder);
  return new ProblemError({
    code: 'network-unavailable',
    message: `the subnet ${config.subnet} is in use on this host`,
    why: `the route ${overlap.dst} leads to the interface ${overlap.dev ?? 'unknown'}`,
    fix: 'set "subnet" in config.json to one that is free, such as 192.168.164.0/24',
  });
}
