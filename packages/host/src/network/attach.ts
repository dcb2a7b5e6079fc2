import { getGateway, getMac, getVethName, parseSubnet } from './addresses.ts';
import { parseLinks } from './bridge.ts';
import { getToolProblem, runTool, tryTool } from './tools.ts';

export interface AttachOptions {
  bridge: string;
  subnet: string;
  /** The machine's first process, which has its network namespace. */
  pid: number;
  address: string;
}

/** The host's part of a cable, as lines for `ip -batch`; the other end is born inside the machine. */
export function getHostBatch({ bridge, pid, address }: Omit<AttachOptions, 'subnet'>): string {
  const veth = getVethName(address);
  return [
    `link add name ${veth} type veth peer name eth0 address ${getMac(address)} netns ${pid}`,
    `link set ${veth} master ${bridge} addrgenmode none up`,
    '',
  ].join('\n');
}

/** The machine's part, as lines for `ip -batch` in its network namespace. */
export function getGuestBatch({ subnet, address }: Pick<AttachOptions, 'subnet' | 'address'>): string {
  return [
    'link set lo up',
    `address add ${address}/${parseSubnet(subnet).prefix} brd + dev eth0`,
    'link set eth0 up',
    `route add default via ${getGateway(subnet)}`,
    '',
  ].join('\n');
}

/**
 * Gives the machine its address, over a cable to the bridge. A cable of that name that is there already, a former
 * machine's or an earlier call's, is taken away first. Throws `network-unavailable`.
 */
export async function attachMachine(options: AttachOptions, signal: AbortSignal): Promise<void> {
  const action = `attach ${options.address} to the network`;
  const hostBatch = getHostBatch(options);
  const added = await tryTool(['ip', '-batch', '-'], signal, hostBatch);
  if (!added.ok) {
    if (added.cancelled) throw getToolProblem(action, added, 'ip');
    await detachMachine(options.address, signal);
    await runTool(action, ['ip', '-batch', '-'], { signal, input: hostBatch });
  }
  try {
    const argv = ['nsenter', `--net=/proc/${options.pid}/ns/net`, 'ip', '-batch', '-'];
    await runTool(action, argv, { signal, input: getGuestBatch(options) });
  } catch (error) {
    await detachMachine(options.address, AbortSignal.timeout(5000)).catch(() => undefined);
    throw error;
  }
}

/** Takes the cable away; nothing where there is none. By hand, as the kernel is slow to do it with a namespace's end. */
export async function detachMachine(address: string, signal: AbortSignal): Promise<void> {
  const veth = getVethName(address);
  const removed = await tryTool(['ip', 'link', 'del', veth], signal);
  if (removed.ok) return;
  const links = parseLinks(await runTool('list the interfaces', ['ip', '-json', 'link', 'show'], { signal }));
  if (!links.some((link) => link.ifname === veth)) return;
  throw getToolProblem(`take ${address} off the network`, removed, 'ip');
}
