import type { SandboxRecord } from '../registry/record.ts';
import type { Cable, Plug } from '../substrate/substrate.ts';
import type { House } from './house.ts';

export interface Attached {
  /** With the address that the machine has. */
  record: SandboxRecord;
  cable: Cable | undefined;
}

/**
 * Attaches a machine to the network. Where it brought a network of its own, the address is what that says, and is written
 * down before the machine asks anything by it. Throws what the network throws.
 */
export async function attachMachine(
  house: House,
  record: SandboxRecord,
  { plug, signal }: { plug: Plug; signal: AbortSignal },
): Promise<Attached> {
  const attached = plug.kind === 'own' ? { ...record, address: plug.network.address } : record;
  const { address, project, sandbox, network } = attached;
  if (address === null) throw new TypeError(`${sandbox} has no address`);
  if (attached !== record) await house.registry.put(attached);
  const cable = await house.network.attach({ address, project, sandbox, network, plug }, signal);
  return { record: attached, cable };
}
