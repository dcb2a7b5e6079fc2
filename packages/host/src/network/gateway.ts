import { realpath } from 'node:fs/promises';
import { ProblemError } from '@cspace/protocol/problem';
import { getHomeLabel } from '../substrate/labels.ts';
import type { Owner } from '../system/owner.ts';
import { getCableName, getGateway, getMac } from './addresses.ts';
import { readLinks } from './cables.ts';
import { getAlias, getOwnership, type Link, type Ownership } from './links.ts';
import { runTool, tryTool } from './tools.ts';

export interface GatewayConfig {
  bridge: string;
  subnet: string;
  home: string;
  owner: Owner;
}

interface GatewayLink {
  ownership: Ownership;
  link: Link | undefined;
  realHome: string;
}

/** The interface with the bridge's name, and whose it is. */
export async function readGateway(config: GatewayConfig, signal: AbortSignal): Promise<GatewayLink> {
  const realHome = await realpath(config.home);
  const link = (await readLinks(signal)).find(({ ifname }) => ifname === config.bridge);
  const ownership = getOwnership(link, getHomeLabel(realHome), getMac(getGateway(config.subnet)));
  return { ownership, link, realHome };
}

/**
 * Makes the interface that has the gateway's address, or mends it. No cable hangs on it: it is one end of a pair, as an
 * interface without a carrier would be down for some, and `dummy` is not in every kernel.
 */
export async function ensureGateway(config: GatewayConfig, signal: AbortSignal): Promise<void> {
  const { bridge } = config;
  const gateway = getGateway(config.subnet);
  const [mac, peer] = [getMac(gateway), getCableName(gateway)];
  const found = await readGateway(config, signal);
  const { ownership, link } = found;
  if (ownership.kind === 'other-home') throw getConflictProblem(bridge, ownership.holder);
  if (ownership.kind === 'foreign') throw getForeignProblem(bridge);
  // An earlier version made a bridge.
  const outdated = link !== undefined && link.linkinfo?.info_kind !== 'veth';
  if (outdated) await runTool('remove the old bridge', ['ip', 'link', 'del', bridge], { signal });
  if (outdated || ownership.kind === 'none') {
    const argv = ['ip', 'link', 'add', 'name', bridge, 'address', mac, 'type', 'veth', 'peer', 'name', peer];
    await runTool('make the interface of the gateway', argv, { signal });
  }
  const alias = getAlias(found.realHome, config.owner.uid);
  const note = ['ip', 'link', 'set', bridge, 'alias', alias];
  await runTool('note whose the interface is', note, { signal });
  await runTool('set the interface of the gateway up', ['ip', '-batch', '-'], {
    signal,
    input: [
      // No IPv6 address of its own: services of the host would be reachable by it.
      `link set ${bridge} address ${mac} addrgenmode none`,
      `address replace ${gateway}/32 dev ${bridge}`,
      `link set ${peer} addrgenmode none up`,
      `link set ${bridge} up`,
      '',
    ].join('\n'),
  });
}

/** With its other end. Nothing where it is gone already. */
export async function removeGateway(bridge: string, signal: AbortSignal): Promise<void> {
  const removed = await tryTool(['ip', 'link', 'del', bridge], signal);
  if (removed.ok || !(await readLinks(signal)).some(({ ifname }) => ifname === bridge)) return;
  await runTool('remove the interface of the gateway', ['ip', 'link', 'del', bridge], { signal });
}

export function getConflictProblem(bridge: string, holder: { uid: number; path: string }): ProblemError {
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
