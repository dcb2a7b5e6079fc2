import { getCableName, getGateway, getLinkGroup, getMac } from './addresses.ts';
import { getCableAlias, getCables, type Link, parseLinks } from './links.ts';
import type { Member } from './rules.ts';
import { getToolProblem, runTool, tryTool } from './tools.ts';

export interface CablesConfig {
  subnet: string;
  homeLabel: string;
}

/** All links are asked for: `ip` fails where one that is named is missing, as it does for other reasons. */
export async function readLinks(signal: AbortSignal): Promise<Link[]> {
  const argv = ['ip', '-json', '-details', 'link', 'show'];
  return parseLinks(await runTool('list the interfaces', argv, { signal }));
}

/** The names of this home's cables. */
export async function findCables(
  { subnet, homeLabel }: CablesConfig,
  signal: AbortSignal,
): Promise<string[]> {
  return getCables(await readLinks(signal), { group: getLinkGroup(subnet), homeLabel });
}

/**
 * What makes the host's end of a cable one of the network, whatever its other end is: lines for `ip -batch`. Each may be
 * repeated. The neighbour entry is permanent, and the link has no ARP: each question of the guest's would otherwise leave
 * an entry in a table that the whole host shares, which rules of the family `inet` do not see. Turning it off empties the
 * link's entries, so the neighbour comes after.
 */
export function getCableLines({ subnet, homeLabel, address }: CablesConfig & { address: string }): string[] {
  const link = getCableName(address);
  return [
    `link set ${link} group ${getLinkGroup(subnet)} alias ${getCableAlias(homeLabel)} addrgenmode none arp off up`,
    `neigh replace ${address} lladdr ${getMac(address)} dev ${link} nud permanent`,
    `route replace ${address}/32 dev ${link} src ${getGateway(subnet)}`,
  ];
}

/** The kernel takes cables away by itself when a machine ends, also between our look and our deed. */
const TRIES = 3;

/**
 * Brings the cables and the members together: a cable without a sandbox is taken away, and one that has one gets back
 * what somebody took from it. The caller sees to it that no cable is made or removed meanwhile.
 */
export async function tidyCables(
  config: CablesConfig,
  members: readonly Member[],
  signal: AbortSignal,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const lines = getTidyLines(config, members, await findCables(config, signal));
    if (lines.length === 0) return;
    const tidied = await tryTool(['ip', '-force', '-batch', '-'], signal, `${lines.join('\n')}\n`);
    if (tidied.ok) return;
    if (tries === TRIES || tidied.cancelled) {
      throw getToolProblem('mend the cables of the sandboxes', tidied, 'ip');
    }
  }
}

function getTidyLines(
  { subnet, homeLabel }: CablesConfig,
  members: readonly Member[],
  cables: readonly string[],
): string[] {
  const addresses = new Map(members.map(({ address }) => [getCableName(address), address]));
  return cables.flatMap((cable) => {
    const address = addresses.get(cable);
    return address === undefined ? [`link del ${cable}`] : getCableLines({ subnet, homeLabel, address });
  });
}
