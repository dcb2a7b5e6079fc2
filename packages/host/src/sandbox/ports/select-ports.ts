import { SUPERVISOR_PORT } from '@cspace/protocol/supervisor-api';
import type { Capabilities } from '../../substrate/substrate.ts';
import type { ListeningSocket } from './parse-sockets.ts';

/** One port with all that is bound to it; what answers at the sandbox's address comes first. */
export interface SelectedPort extends Omit<ListeningSocket, 'address'> {
  addresses: string[];
  /** Why it does not answer at the sandbox's address; undefined where it should. */
  unreachable: string | undefined;
}

/** Carries what arrives at the address to servers on 127.0.0.1, where the guest's firewall cannot. */
const RELAY_PROCESS = 'cspace-relay';
/** Closed to all but the daemon. */
const SSH_PORT = 22;
const DNS_PORT = 53;
/** Of servers on 127.0.0.1 these are never carried to the address. */
const KEPT_PORTS = [SSH_PORT, DNS_PORT, SUPERVISOR_PORT];
/** What is probed and printed at most. */
const MAX_PORTS = 128;
const MAX_ADDRESSES = 8;

/**
 * The ports that a sandbox's own servers have, by number. Several sockets on one port are one port: only one of them
 * answers at the sandbox's address, by the order in which the guest looks for one. Pure.
 */
export function selectPorts(
  sockets: readonly ListeningSocket[],
  address: string,
  exec: Capabilities['exec'] = 'engine',
): { ports: SelectedPort[]; truncated: boolean } {
  // One may be told a second time, without its process.
  const relays = new Set(sockets.filter(({ process }) => process === RELAY_PROCESS).map(getKey));
  const groups = Map.groupBy(
    sockets.filter((socket) => !isOurs(socket, exec) && !relays.has(getKey(socket))),
    ({ port, protocol }) => `${port}/${protocol}`,
  );
  const ports = [...groups.values()]
    .flatMap((group) => selectPort(group, address) ?? [])
    .sort((a, b) => a.port - b.port || a.protocol.localeCompare(b.protocol));
  return { ports: ports.slice(0, MAX_PORTS), truncated: ports.length > MAX_PORTS };
}

const getKey = ({ protocol, address, port }: ListeningSocket): string => `${protocol} ${address} ${port}`;

function isOurs({ protocol, address, port, process }: ListeningSocket, exec: Capabilities['exec']): boolean {
  if (port === SUPERVISOR_PORT || (port === SSH_PORT && exec === 'ssh')) return protocol === 'tcp';
  // Run by a user of its own, whose processes we are not told.
  return port === DNS_PORT && address === '127.0.0.1' && (process === null || process === 'dnsmasq');
}

function selectPort(sockets: readonly ListeningSocket[], address: string): SelectedPort | undefined {
  const ranked = sockets
    .map((socket) => ({ socket, ...getReach(socket, address) }))
    .sort((a, b) => a.rank - b.rank);
  const best = ranked[0];
  if (!best) return undefined;
  // The same socket may be told twice, with its process and without.
  const told = ranked.find(({ socket }) => socket.address === best.socket.address && socket.pid !== null);
  const { process, pid } = (told ?? best).socket;
  return {
    port: best.socket.port,
    protocol: best.socket.protocol,
    addresses: [...new Set(ranked.map(({ socket }) => socket.address))].slice(0, MAX_ADDRESSES),
    process,
    pid,
    unreachable: best.unreachable,
  };
}

interface Reach {
  /** The lower one answers. */
  rank: number;
  unreachable: string | undefined;
}

/** As the rules inside have it: a socket on the address or on all, else the one on 127.0.0.1. */
function getReach(socket: ListeningSocket, address: string): Reach {
  if (socket.port === SSH_PORT && socket.protocol === 'tcp') {
    return { rank: 3, unreachable: 'port 22 is closed from outside; use another one' };
  }
  const bound = socket.address.replace(/%.*$/, '').replace(/^\[(::ffff:)?|\]$/gi, '');
  if (bound === address || bound === '0.0.0.0' || bound === '*') return { rank: 0, unreachable: undefined };
  if (bound === '127.0.0.1') {
    const kept = KEPT_PORTS.includes(socket.port);
    const unreachable = kept
      ? `port ${socket.port} of 127.0.0.1 is not forwarded; use another one`
      : undefined;
    return { rank: kept ? 2 : 1, unreachable };
  }
  return { rank: 2, unreachable: getUnreachable(bound) };
}

function getUnreachable(bound: string): string {
  // What `localhost` can mean to a server: no rule for IPv4 leads there.
  if (bound === '::1') return 'bound to ::1 alone; bind 127.0.0.1';
  if (bound === '::') return 'bound to IPv6 alone; bind 0.0.0.0';
  if (bound.startsWith('127.')) return `bound to ${bound}; bind 127.0.0.1`;
  return `bound to ${bound} alone; bind 0.0.0.0`;
}
