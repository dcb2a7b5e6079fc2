import { z } from 'zod';
import { run } from '../../../src/system/exec.ts';

/** Every label of ours begins so (src/substrate/labels.ts). */
const LABEL_PREFIX = 'dev.cspace.';

const Containers = z.array(
  z.object({
    Id: z.string(),
    Names: z.array(z.string()),
    Labels: z.record(z.string(), z.string()).nullable(),
  }),
);

/** Containers of ours of any home, running or not, in podman's own store. None where podman is not installed. */
export async function listContainers(): Promise<string[]> {
  const result = await run(['podman', 'ps', '--all', '--no-trunc', '--format', 'json'], {
    timeoutMs: 30_000,
  });
  if (result.notFound) return [];
  if (!result.ok) throw new Error(`podman ps: ${result.stderr || 'no answer'}`);
  return Containers.parse(JSON.parse(result.stdout || '[]'))
    .filter(({ Labels }) => Object.keys(Labels ?? {}).some((label) => label.startsWith(LABEL_PREFIX)))
    .map(({ Id, Names }) => `${Names.join(',')} ${Id.slice(0, 12)}`);
}
