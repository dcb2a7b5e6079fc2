import { lchown } from 'node:fs/promises';
import { z } from 'zod';
import { DEV_ID, ID_BASE } from '../id-map.ts';
import { getInspectArgv } from './argv.ts';
import type { CreateContext } from './create.ts';
import { getOddAnswerProblem } from './failure.ts';

/** `podman inspect`: what is mounted. */
const Inspected = z.array(
  z.object({ Mounts: z.array(z.object({ Type: z.string(), Source: z.string() })).nullish() }),
);

/** The folders on the host that hold a machine's volumes. Throws where the text is something else. */
export function parseVolumeFolders(text: string): string[] {
  const mounts = Inspected.parse(JSON.parse(text)).flatMap((entry) => entry.Mounts ?? []);
  return mounts.filter((mount) => mount.Type === 'volume').map((mount) => mount.Source);
}

/**
 * Makes an initialised machine's volumes `dev`'s: podman gives them to the guest's root when it initialises, and knows no
 * other way for a volume without a name. One with a name would not go with its machine.
 */
export async function giveVolumesToDev(
  id: string,
  { engine, deadlines }: CreateContext,
  signal: AbortSignal,
): Promise<void> {
  const action = "find the machine's volumes";
  const text = await engine.ask(action, getInspectArgv([id]), { timeoutMs: deadlines.query, signal });
  let folders: string[];
  try {
    folders = parseVolumeFolders(text);
  } catch (error) {
    throw getOddAnswerProblem(action, text, error);
  }
  const dev = ID_BASE + DEV_ID;
  for (const folder of folders) await lchown(folder, dev, dev);
}
