import type { DownResponse } from '@cspace/protocol/daemon-api';
import { formatRef, type SandboxRef } from '@cspace/protocol/names';
import type { House } from './house.ts';
import { clearMachine, STOP_GRACE_MS } from './machine.ts';
import { getRecord } from './view.ts';

/** Takes the machine away, keeps clone and session. Again on a stopped sandbox it does nothing. */
export async function down(house: House, ref: SandboxRef, signal: AbortSignal): Promise<DownResponse> {
  getRecord(house, ref);
  const release = await house.locks.acquire(formatRef(ref), signal);
  try {
    const record = getRecord(house, ref);
    const wasRunning = record.state === 'running';
    if (record.state !== 'stopped') {
      const stopping = { ...record, state: 'stopping' as const };
      await house.registry.put(stopping);
      await clearMachine(house, stopping, wasRunning ? STOP_GRACE_MS : 0);
      const { reason: _, ...rest } = stopping;
      await house.registry.put({ ...rest, state: 'stopped' });
      await house.journal.append(ref, { type: 'stopped', by: 'down' });
    }
    return { project: ref.project, sandbox: ref.sandbox, wasRunning };
  } finally {
    release();
  }
}
