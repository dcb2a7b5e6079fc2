import { open, stat } from 'node:fs/promises';
import { ProblemError } from '@cspace/protocol/problem';
import type { Cable, Plug } from '../substrate/substrate.ts';
import { getGateway, getLinkGroup, getMac, getVethName } from './addresses.ts';
import { type CablesConfig, findCables, getCableLines } from './cables.ts';
import { getToolProblem, runTool, tryTool } from './tools.ts';

interface AttachOptions extends CablesConfig {
  plug: Plug;
  address: string;
}

/** The host's part of a cable, as lines for `ip -batch`; the other end is born inside the machine's `namespace`. */
function getHostBatch(options: AttachOptions, namespace: string): string {
  const { subnet, address } = options;
  const [group, mac] = [getLinkGroup(subnet), getMac(getGateway(subnet))];
  const peer = `peer name eth0 address ${getMac(address)} netns ${namespace}`;
  // In the group from the first moment: without it no rule would know the link.
  const add = `link add name ${getVethName(address)} address ${mac} group ${group} type veth ${peer}`;
  return [add, ...getCableLines(options), ''].join('\n');
}

/**
 * The machine's part, as lines for `ip -batch` in its network namespace. Nothing is on its link but the gateway, whose
 * hardware address is given: a host with `arp_ignore` would not answer for an address of another interface.
 */
function getGuestBatch({ subnet, address }: Pick<AttachOptions, 'subnet' | 'address'>): string {
  const gateway = getGateway(subnet);
  return [
    'link set lo up',
    `address replace ${address}/32 dev eth0`,
    'link set eth0 up',
    `neigh replace ${gateway} lladdr ${getMac(gateway)} dev eth0 nud permanent`,
    `route replace ${gateway} dev eth0`,
    `route replace default via ${gateway} dev eth0`,
    '',
  ].join('\n');
}

/**
 * Gives the machine its address, over a cable of its own. A cable of that name that is there already, a former machine's
 * or an earlier call's, is taken away first. The rules must know the address before. Throws `network-unavailable`.
 */
export async function attachMachine(options: AttachOptions, signal: AbortSignal): Promise<Cable> {
  const { plug, address, subnet } = options;
  if (plug.kind === 'tap') throw getRefusal(`attach ${address} to the network`, 'there are no taps yet');
  await attachNamespace(options, plug.pid, signal);
  const gateway = getGateway(subnet);
  return {
    link: getVethName(address),
    address,
    mac: getMac(address),
    gateway,
    gatewayMac: getMac(gateway),
  };
}

async function attachNamespace(options: AttachOptions, pid: number, signal: AbortSignal): Promise<void> {
  const action = `attach ${options.address} to the network`;
  // Held, so that it stays the machine's: a number that the kernel gives away again leads to somebody else's.
  const held = await open(`/proc/${pid}/ns/net`).catch((error: Error) => {
    throw getRefusal(action, error.message);
  });
  try {
    const [theirs, ours] = [await held.stat(), await stat('/proc/self/ns/net')];
    if (theirs.dev === ours.dev && theirs.ino === ours.ino) {
      throw getRefusal(action, `process ${pid} is none of a sandbox: it has the host's own network`);
    }
    // By way of ourselves, so that no child need inherit the descriptor.
    await layCable(options, `/proc/${process.pid}/fd/${held.fd}`, signal);
  } finally {
    await held.close();
  }
}

function getRefusal(action: string, why: string): ProblemError {
  return new ProblemError({
    code: 'network-unavailable',
    message: `could not ${action}`,
    why,
    fix: 'cspace doctor',
  });
}

async function layCable(options: AttachOptions, namespace: string, signal: AbortSignal): Promise<void> {
  const action = `attach ${options.address} to the network`;
  const hostBatch = getHostBatch(options, namespace);
  const added = await tryTool(['ip', '-batch', '-'], signal, hostBatch);
  if (!added.ok) {
    if (added.cancelled) throw getToolProblem(action, added, 'ip');
    // Whatever has the name: the subnet is ours, or we would not be here.
    await tryTool(['ip', 'link', 'del', getVethName(options.address)], signal);
    await runTool(action, ['ip', '-batch', '-'], { signal, input: hostBatch });
  }
  try {
    const argv = ['nsenter', `--net=${namespace}`, 'ip', '-batch', '-'];
    await runTool(action, argv, { signal, input: getGuestBatch(options) });
  } catch (error) {
    await detachMachine(options, AbortSignal.timeout(5000)).catch(() => undefined);
    throw error;
  }
}

/**
 * Takes the cable away; nothing where there is none, or where it is another home's, as in a home that was refused the
 * subnet. By hand, as the kernel is slow to do it with a namespace's end.
 */
export async function detachMachine(
  { address, ...config }: CablesConfig & { address: string },
  signal: AbortSignal,
): Promise<void> {
  const veth = getVethName(address);
  if (!(await findCables(config, signal)).includes(veth)) return;
  const removed = await tryTool(['ip', 'link', 'del', veth], signal);
  if (removed.ok || !(await findCables(config, signal)).includes(veth)) return;
  throw getToolProblem(`take ${address} off the network`, removed, 'ip');
}
