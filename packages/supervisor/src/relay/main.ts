import { writeFile } from 'node:fs/promises';
import { followServers } from './follow-servers.ts';
import { openOriginalPort } from './original-port.ts';
import { loadRules } from './rules.ts';
import { startTcpRelay } from './tcp-relay.ts';

/**
 * `cspace-relay ADDRESS LOAD-RULES`, as root in a sandbox whose kernel does not route to 127.0.0.1: brings what arrives at the
 * address to servers on 127.0.0.1 (ADR 22). Servers see the relay as their client. Of TCP the rules know themselves
 * who listens; servers of UDP are looked for, since a packet has to be sent from the port that it was sent to.
 */
async function main(address: string, loader: string): Promise<void> {
  // Else it is one of the user's programs for who lists the servers here: `exec` gave it the name of what runs it.
  await writeFile('/proc/self/comm', 'cspace-relay');
  const tcp = await startTcpRelay({ address, getOriginalPort: openOriginalPort(), maxConnections: 1000 });
  const at = tcp.address();
  if (at === null || typeof at === 'string') throw new TypeError('a TCP server without a port');
  await followServers(address, await loadRules({ loader, address, port: at.port }));
}

const [address, loader] = process.argv.slice(2);
if (address === undefined || loader === undefined) {
  console.error('usage: cspace-relay ADDRESS LOAD-RULES');
  process.exit(2);
}
await main(address, loader).catch((error: unknown) => {
  const why = error instanceof Error ? error.message : error;
  console.error(`cspace: servers on 127.0.0.1 answer inside only: ${why}`);
  process.exit(1);
});
