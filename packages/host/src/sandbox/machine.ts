import { join } from 'node:path';
import type { SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import type { SandboxRecord } from '../registry/record.ts';
import { readRegularFileEnd } from '../system/files.ts';
import type { House } from './house.ts';
import { removeMachineFolder } from './machine-files.ts';
import { createSupervisorClient, type SupervisorClient } from './supervisor-client.ts';

/** Time for the supervisor to end its agent before the machine is forced. */
export const STOP_GRACE_MS = 3000;
/** Undoing must come to an end even where the engine hangs. */
const CLEAN_TIMEOUT_MS = 60_000;
const CONSOLE_TAIL_BYTES = 4096;

/** Takes a machine and all that belongs to it away, in whatever state it is; clone and session stay. */
export async function clearMachine(house: House, record: SandboxRecord, graceMs: number): Promise<void> {
  const signal = AbortSignal.timeout(CLEAN_TIMEOUT_MS);
  const substrate = house.substrates.get(record.substrate);
  if (graceMs > 0) {
    // A machine that cannot be stopped in order is removed all the same, by `destroy`.
    await substrate
      .stop(record, graceMs, signal)
      .catch((error) => house.log.error('stop', { sandbox: record.sandbox, error: String(error) }));
  }
  await substrate.destroy(record, signal);
  const { address, project, sandbox } = record;
  if (address !== null) await house.network.detach({ address, project, sandbox }, signal);
  await removeMachineFolder(house, record);
}

/** The supervisor of a running sandbox. Throws `sandbox-not-running` where there is none to call. */
export async function getSupervisor(house: House, record: SandboxRecord): Promise<SupervisorClient> {
  const tokens = record.state === 'running' ? await house.tokens.get(record) : undefined;
  if (!tokens || record.address === null) throw getNotRunning(record);
  return createSupervisorClient({ address: record.address, token: tokens.supervisor });
}

/** The address of a running sandbox. Throws `sandbox-not-running`. */
export function requireAddress(record: SandboxRecord): string {
  if (record.state === 'running' && record.address !== null) return record.address;
  throw getNotRunning(record);
}

function getNotRunning(record: SandboxRecord): ProblemError {
  return new ProblemError({
    code: 'sandbox-not-running',
    message: `${record.sandbox} is ${record.state}`,
    ...(record.reason === undefined ? {} : { why: record.reason }),
    fix: `cspace up ${record.sandbox}`,
  });
}

/** The last lines that the machine wrote on its console; empty where there is nothing. */
export async function readConsole(house: House, ref: SandboxRef): Promise<string> {
  const end = await readRegularFileEnd(join(house.paths.machine(ref), 'console.log'), CONSOLE_TAIL_BYTES);
  return (end?.toString('utf8') ?? '').split('\n').slice(-12).join('\n');
}
