import { readFile } from 'node:fs/promises';
import { parseLoopbackPorts } from './loopback-ports.ts';
import type { Rules } from './rules.ts';
import { startUdpRelay, type UdpRelay } from './udp-relay.ts';

/** A small file read twice a second. */
const LOOK_MS = 500;
const MAX_UDP_SERVERS = 64;
/** Never forwarded; dnsmasq is always there. */
const KEPT = [22, 53, 6201];

/** Keeps rules and relays as the servers on 127.0.0.1 come and go, for ever. Throws where nft does. */
export async function followServers(address: string, rules: Rules): Promise<never> {
  const udp = new Map<number, UdpRelay>();
  const tcp = new Set<number>();
  for (;;) {
    await followUdp(address, rules, udp);
    if (rules.changeTcp) await followTcp(rules.changeTcp, tcp);
    await Bun.sleep(LOOK_MS);
  }
}

async function readPorts(protocol: 'udp' | 'tcp'): Promise<Set<number>> {
  const ports = parseLoopbackPorts(await readFile(`/proc/net/${protocol}`, 'utf8'), protocol);
  for (const port of KEPT) ports.delete(port);
  return ports;
}

async function followUdp(address: string, rules: Rules, relays: Map<number, UdpRelay>): Promise<void> {
  const servers = await readPorts('udp');
  for (const [port, relay] of relays) {
    if (servers.has(port)) continue;
    relays.delete(port);
    await rules.changeUdp('delete', port, relay.port);
    relay.close();
  }
  for (const port of servers) {
    if (relays.has(port) || relays.size >= MAX_UDP_SERVERS) continue;
    // Out of descriptors, perhaps: tried again at the next look.
    const relay = await startUdpRelay({ address, port }).catch(() => undefined);
    if (!relay) continue;
    relays.set(port, relay);
    await rules.changeUdp('add', port, relay.port);
  }
}

async function followTcp(change: NonNullable<Rules['changeTcp']>, known: Set<number>): Promise<void> {
  const servers = await readPorts('tcp');
  for (const port of known) {
    if (servers.has(port)) continue;
    known.delete(port);
    await change('delete', port);
  }
  for (const port of servers) {
    if (known.has(port)) continue;
    known.add(port);
    await change('add', port);
  }
}
