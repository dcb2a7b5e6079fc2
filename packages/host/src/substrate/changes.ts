import type { Machine, MachineEvent } from './substrate.ts';

/** What happened between two readings, machines told apart by the engine's ids. */
export function getChanges(
  before: ReadonlyMap<string, Machine>,
  after: ReadonlyMap<string, Machine>,
): MachineEvent[] {
  const events: MachineEvent[] = [];
  for (const [id, machine] of after) {
    const old = before.get(id)?.state;
    if (old === machine.state) continue;
    if (machine.state === 'running') events.push({ ref: machine.ref, type: 'started' });
    if (machine.state === 'exited') events.push({ ref: machine.ref, type: 'exited' });
  }
  for (const [id, machine] of before) {
    if (!after.has(id)) events.push({ ref: machine.ref, type: 'removed' });
  }
  return events;
}
