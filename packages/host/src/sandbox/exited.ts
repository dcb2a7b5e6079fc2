import { formatRef, type SandboxRef } from '@cspace/protocol/names';
import type { Machine } from '../substrate/substrate.ts';
import type { House } from './house.ts';
import { clearMachine } from './machine.ts';

/** Looks at a sandbox whose machine is said to have changed, and writes down its end where it has ended. */
export async function noteExit(house: House, ref: SandboxRef, signal: AbortSignal): Promise<void> {
  // Whoever holds the lock is making or ending the machine and sees the exit itself.
  if (house.locks.isHeld(formatRef(ref))) return;
  const release = await house.locks.acquire(formatRef(ref), signal);
  try {
    const record = house.registry.get(ref);
    if (record?.state !== 'running') return;
    const machine = await house.substrates.get(record.substrate).inspect(ref, signal);
    if (machine?.state === 'running') return;
    const reason = getReason(machine);
    house.log.info('machine exited', { sandbox: formatRef(ref), reason });
    await house.journal.append(ref, { type: 'exited', reason, exitCode: machine?.exitCode ?? null });
    await house.registry.put({ ...record, state: 'exited', reason });
    await clearMachine(house, record, 0);
  } finally {
    release();
  }
}

export function getReason(machine: Machine | undefined): string {
  if (!machine) return 'the machine is gone';
  if (machine.outOfMemory) return 'out of memory';
  if (machine.reason !== undefined) return machine.reason;
  if (machine.exitCode === 137) return 'the machine was killed (exit 137)';
  return `the machine ended by itself (exit ${machine.exitCode ?? 'unknown'})`;
}
