import { readFile } from 'node:fs/promises';
import { parseLoopbackPorts } from './loopback-ports.ts';
import { openOriginalPort } from './original-port.ts';
import { loadRules, type Rules } from './rules.ts';
import { startTcpRelay } from './tcp-relay.ts';
import { startUdpRelay, type UdpRelay } from './udp-relay.ts';

/**
 * `cspace-relay ADDRESS LOAD-RULES`, as root in a sandbox whose kernel does not route to 127.0.0.1: brings what arrives at the
 * address to servers on 127.0.0.1 (ADR 22). Servers see the relay as their client. Of TCP the rules know themselves
 * who listens; servers of UDP are looked for, since a packet has to be sent from the port that it was sent to.
 */
async function main(address: string, loader: string): Promise<void> {
  const tcp = await startTcpRelay({ address, getOriginalPort: openOriginalPort(), maxConnections: 1000 });
  const at = tcp.address();
  if (at === null || typeof at === 'string') throw new TypeError('a TCP server without a port');
  await relayUdp(address, await loadRules(loader, address, at.port));
}

/** A small file read twice a second. */
const LOOK_MS = 500;
const MAX_UDP_SERVERS = 64;
/** dnsmasq: it answers the sandbox only. */
const KEPT = [53];

async function relayUdp(address: string, rules: Rules): Promise<void> {
  const relays = new Map<number, UdpRelay>();
  for (;;) {
    const servers = parseLoopbackPorts(await readFile('/proc/net/udp', 'utf8'), 'udp');
    for (const port of KEPT) servers.delete(port);
    for (const [port, relay] of relays) {
      if (servers.has(port)) continue;
      relays.delete(port);
      await rules.removeUdp(port, relay.port);
      relay.close();
    }
    for (const port of servers) {
      if (relays.has(port) || relays.size >= MAX_UDP_SERVERS) continue;
      const relay = await startUdpRelay({ address, port });
      relays.set(port, relay);
      await rules.addUdp(port, relay.port);
    }
    await Bun.sleep(LOOK_MS);
  }
}

const [address, loader] = process.argv.slice(2);
if (address === undefined || loader === undefined) {
  console.error('usage: cspace-relay ADDRESS LOAD-RULES');
  process.exit(2);
}
await main(address, loader).catch((error: unknown) => {
  console.error(
    `cspace: servers on 127.0.0.1 answer inside only: ${error instanceof Error ? error.message : error}`,
  );
  process.exit(1);
});
