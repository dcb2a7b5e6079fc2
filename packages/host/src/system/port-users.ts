export interface Socket {
  uid: number;
  inode: string;
}

/** st of a listening TCP socket (include/net/tcp_states.h). */
const LISTEN = '0A';

/**
 * The sockets of /proc/net/{udp,tcp}{,6} (proc(5)) that have the port at the address, or at all of them. `listening`:
 * only such that wait for connections.
 */
export function parsePortUsers(
  text: string,
  { address, port, listening }: { address: string; port: number; listening: boolean },
): Socket[] {
  const places = getPlaces(address);
  return text.split('\n').flatMap((line) => {
    // sl local_address rem_address st queues timer retransmits uid timeout inode
    const [, local = '', , state, , , , uid, , inode] = line.trim().split(/\s+/);
    const [place = '', hexPort = ''] = local.split(':');
    if (!places.includes(place) || Number.parseInt(hexPort, 16) !== port) return [];
    if (listening && state !== LISTEN) return [];
    return [{ uid: Number(uid), inode: inode ?? '' }];
  });
}

/** As the kernel prints it: words of 32 bits in the order of a little-endian machine. IPv4 may be held as IPv6. */
function getPlaces(address: string): string[] {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0').toUpperCase());
  const word = bytes.reverse().join('');
  const mapped = `0000000000000000FFFF0000${word}`;
  return [word, '0'.repeat(8), mapped, '0'.repeat(32)];
}
