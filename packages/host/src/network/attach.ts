import { open, stat } from 'node:fs/promises';
import { ProblemError } from '@cspace/protocol/problem';
import type { Cable, CablePlug } from '../substrate/substrate.ts';
import { getCableName, getGateway, getLinkGroup, getMac } from './addresses.ts';
import { type CablesConfig, findCables, getCableLines } from './cables.ts';
import { getToolProblem, runTool, tryTool } from './tools.ts';

/** Also where the caller's signal is what ended it. */
const UNDO_TIMEOUT_MS = 5000;

interface AttachOptions extends CablesConfig {
  plug: CablePlug;
  address: string;
}

/** The host's part of a cable whose other end is born inside the machine's `namespace`, as lines for `ip -batch`. */
function getVethLines({ subnet, address }: AttachOptions, namespace: string): string[] {
  const [group, mac] = [getLinkGroup(subnet), getMac(getGateway(subnet))];
  const peer = `peer name eth0 address ${getMac(address)} netns ${namespace}`;
  // In the group from the first moment: without it no rule would know the link.
  return [`link add name ${getCableName(address)} address ${mac} group ${group} type veth ${peer}`];
}

/** The same for one whose other end is whoever opens it as `uid`. */
function getTapLines({ subnet, address }: AttachOptions, uid: number): string[] {
  const link = getCableName(address);
  return [
    `tuntap add dev ${link} mode tap user ${uid}`,
    // The kernel makes taps in no group. Nothing passes before it is up, and the group comes before that.
    `link set ${link} group ${getLinkGroup(subnet)} address ${getMac(getGateway(subnet))}`,
  ];
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
  if (plug.kind === 'tap') await layCable(options, getTapLines(options, plug.uid), signal);
  else await attachNamespace(options, plug.pid, signal);
  const gateway = getGateway(subnet);
  return {
    link: getCableName(address),
    address,
    mac: getMac(address),
    gateway,
    gatewayMac: getMac(gateway),
  };
}

async function attachNamespace(options: AttachOptions, pid: number, signal: AbortSignal): Promise<void> {
  const action = getAction(options);
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
    const namespace = `/proc/${process.pid}/fd/${held.fd}`;
    await layCable(options, getVethLines(options, namespace), signal);
    await orDetach(options, async () => {
      const argv = ['nsenter', `--net=${namespace}`, 'ip', '-batch', '-'];
      await runTool(action, argv, { signal, input: getGuestBatch(options) });
    });
  } finally {
    await held.close();
  }
}

const getAction = ({ address }: AttachOptions) => `attach ${address} to the network`;

function getRefusal(action: string, why: string): ProblemError {
  return new ProblemError({
    code: 'network-unavailable',
    message: `could not ${action}`,
    why,
    fix: 'cspace doctor',
  });
}

/** Makes the link by `lines`, and makes it one of the network. */
async function layCable(options: AttachOptions, lines: string[], signal: AbortSignal): Promise<void> {
  const input = [...lines, ...getCableLines(options), ''].join('\n');
  const added = await tryTool(['ip', '-batch', '-'], signal, input);
  if (added.ok) return;
  await removeLink(options.address);
  if (added.cancelled) throw getToolProblem(getAction(options), added, 'ip');
  try {
    await runTool(getAction(options), ['ip', '-batch', '-'], { signal, input });
  } catch (error) {
    await removeLink(options.address);
    throw error;
  }
}

/** Whatever has the name: the subnet is ours, or we would not be here. */
async function removeLink(address: string): Promise<void> {
  await tryTool(['ip', 'link', 'del', getCableName(address)], AbortSignal.timeout(UNDO_TIMEOUT_MS));
}

async function orDetach(options: AttachOptions, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    await detachMachine(options, AbortSignal.timeout(UNDO_TIMEOUT_MS)).catch(() => undefined);
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
  const cable = getCableName(address);
  if (!(await findCables(config, signal)).includes(cable)) return;
  const removed = await tryTool(['ip', 'link', 'del', cable], signal);
  if (removed.ok || !(await findCables(config, signal)).includes(cable)) return;
  throw getToolProblem(`take ${address} off the network`, removed, 'ip');
}
