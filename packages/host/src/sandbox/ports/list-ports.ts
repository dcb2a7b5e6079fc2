import type { SandboxRef } from '@cspace/protocol/names';
import type { ListeningPort, PortsResponse } from '@cspace/protocol/ports';
import { getDomainName } from '@cspace/protocol/zones';
import type { SandboxRecord } from '../../registry/record.ts';
import type { House } from '../house.ts';
import { requireAddress } from '../machine.ts';
import { getRecord } from '../view.ts';
import { inBatches } from './in-batches.ts';
import { listSockets } from './list-sockets.ts';
import { type PortAnswer, probePort } from './probe-port.ts';
import { type SelectedPort, selectPorts } from './select-ports.ts';

/** Each is one connection at a time. */
const PROBES_AT_ONCE = 64;

/**
 * What listens in a sandbox, as far as it is the sandbox's own, with what it speaks and its URL. Throws
 * `sandbox-not-found`, `sandbox-not-running`, or `machine-failed` where the guest does not tell.
 */
export async function listPorts(house: House, ref: SandboxRef, signal: AbortSignal): Promise<PortsResponse> {
  const record = getRecord(house, ref);
  const address = requireAddress(record);
  const domain = getDomainName(record);
  const { sockets, truncated } = await listSockets(house, record, signal);
  const { exec } = house.substrates.get(record.substrate).capabilities;
  const selected = selectPorts(sockets, address, exec);
  const ports = await inBatches(selected.ports, PROBES_AT_ONCE, async (port) =>
    describePort(port, { domain, address }, await probe(house, record, { port, domain, address }, signal)),
  );
  return {
    project: record.project,
    sandbox: record.sandbox,
    domain,
    address,
    ports,
    truncated: truncated || selected.truncated,
  };
}

interface Where {
  domain: string;
  address: string;
}

function probe(
  house: House,
  record: SandboxRecord,
  { port, domain, address }: Where & { port: SelectedPort },
  signal: AbortSignal,
): Promise<PortAnswer> | undefined {
  if (port.protocol === 'udp' || port.unreachable !== undefined) return undefined;
  const substrate = house.substrates.get(record.substrate);
  const dial = (until: AbortSignal) => substrate.dial(record, port.port, until);
  return probePort({ dial, domain, address, port: port.port }, signal);
}

/** A port as it is told, by what the guest says and what was found; `answer` is undefined where it was not asked. Pure. */
export function describePort(
  selected: SelectedPort,
  { domain, address }: Where,
  answer: PortAnswer | undefined,
): ListeningPort {
  const { unreachable, ...port } = selected;
  const base = { ...port, reachable: unreachable === undefined, speaks: null, url: null };
  if (unreachable !== undefined) return { ...base, reason: unreachable };
  if (!answer) return base;
  if (answer.speaks === null) return { ...base, reachable: false, reason: answer.why };
  const byName = getUrl(answer.speaks, domain, port.port);
  if (answer.speaks === 'unknown') return { ...base, speaks: 'unknown', reason: answer.why, url: byName };
  if (answer.speaks === 'http' && !answer.takesName) {
    const url = getUrl('http', address, port.port);
    return { ...base, speaks: 'http', reason: 'takes no name in the Host header', url };
  }
  return { ...base, speaks: answer.speaks, url: byName };
}

/** `http` where it is not known, but for the port of HTTPS. */
function getUrl(speaks: 'http' | 'https' | 'unknown', host: string, port: number): string {
  const scheme = speaks === 'https' || (speaks === 'unknown' && port === 443) ? 'https' : 'http';
  // Leaves out the port that goes with the scheme.
  return new URL(`${scheme}://${host}:${port}/`).href;
}
