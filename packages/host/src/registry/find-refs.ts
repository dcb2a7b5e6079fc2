import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxRef } from '@cspace/protocol/names';

/** The sandboxes that have a file in a registry's folder, by its place; files with other names are not ours and stay unread. */
export async function findRefs(folder: string): Promise<SandboxRef[]> {
  const found: SandboxRef[] = [];
  for (const project of await readdir(folder, { withFileTypes: true })) {
    if (!project.isDirectory()) continue;
    for (const name of await readdir(join(folder, project.name))) {
      if (!name.endsWith('.json')) continue;
      const ref = SandboxRef.safeParse({ project: project.name, sandbox: name.slice(0, -'.json'.length) });
      if (ref.success) found.push(ref.data);
    }
  }
  return found;
}
