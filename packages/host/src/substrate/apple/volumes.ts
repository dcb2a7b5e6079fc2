import { createHash } from 'node:crypto';
import { formatRef, type SandboxRef } from '@cspace/protocol/names';
import type { MachineSpec } from '../substrate.ts';
import { getVolumeCreateArgv, getVolumeListArgv, getVolumeRemoveArgv } from './argv.ts';
import type { Context } from './context.ts';
import { getEngineProblem } from './failure.ts';
import { parseVolumes } from './parse.ts';

/** Its labels say whose it is; the name only has to be another one for each. */
export function getVolumeName(homeLabel: string, ref: SandboxRef, target: string): string {
  const hash = createHash('sha256')
    .update(`${homeLabel}\n${formatRef(ref)}\n${target}`)
    .digest('hex');
  return `cspace-${hash.slice(0, 24)}`;
}

/** Makes what is missing of a machine's volumes, and gives their names. */
export async function ensureVolumes(
  spec: MachineSpec,
  signal: AbortSignal,
  context: Context,
): Promise<string[]> {
  const { engine, deadlines } = context;
  const names = spec.volumes.map((target) => getVolumeName(spec.homeLabel, spec.ref, target));
  for (const name of names) {
    const argv = getVolumeCreateArgv(name, spec.ref, spec.homeLabel);
    const made = await engine.run(argv, { timeoutMs: deadlines.change, signal });
    if (!made.ok && !(await hasVolume(name, signal, context))) throw getEngineProblem('make a volume', made);
  }
  return names;
}

/** Takes away all volumes of a machine that is gone. Throws where one stays. */
export async function removeVolumes(ref: SandboxRef, signal: AbortSignal, context: Context): Promise<void> {
  const { engine, deadlines } = context;
  for (const { name, ref: holder } of await listVolumes(signal, context)) {
    if (formatRef(holder) !== formatRef(ref)) continue;
    const removed = await engine.run(getVolumeRemoveArgv(name), { timeoutMs: deadlines.remove, signal });
    if (removed.ok) continue;
    if (await hasVolume(name, signal, context)) throw getEngineProblem('remove a volume', removed);
  }
}

const hasVolume = async (name: string, signal: AbortSignal, context: Context): Promise<boolean> =>
  (await listVolumes(signal, context)).some((volume) => volume.name === name);

function listVolumes(signal: AbortSignal, { engine, deadlines, homeLabel }: Context) {
  return engine.ask('list the volumes', getVolumeListArgv(), {
    timeoutMs: deadlines.query,
    signal,
    parse: (text) => parseVolumes(text, homeLabel),
  });
}
