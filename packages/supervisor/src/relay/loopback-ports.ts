/** A socket that is bound, or listens, and has no peer: the state of /proc/net/udp, or of /proc/net/tcp. */
const STATE = { udp: '07', tcp: '0A' } as const;
/** 127.0.0.1 as proc(5) writes it: the four bytes as a number of this (little-endian) machine. */
const LOOPBACK = '0100007F';
const NOBODY = '00000000:0000';

/** The ports that servers hold on 127.0.0.1, from the text of /proc/net/udp or tcp. Pure. */
export function parseLoopbackPorts(text: string, protocol: 'udp' | 'tcp'): Set<number> {
  const ports = new Set<number>();
  for (const line of text.split('\n')) {
    const [, local = '', peer, state] = line.trim().split(/\s+/);
    const [address, port = ''] = local.split(':');
    if (address === LOOPBACK && peer === NOBODY && state === STATE[protocol])
      ports.add(Number.parseInt(port, 16));
  }
  return ports;
}
