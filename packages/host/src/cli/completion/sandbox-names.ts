import { formatRef } from '@cspace/protocol/names';
import { locateHome } from '../../client/locate-home.ts';
import { findRefs } from '../../registry/find-refs.ts';
import { getPaths } from '../../system/paths.ts';
import type { CliContext } from '../context.ts';
import type { Candidate } from './candidates.ts';

/**
 * Sandboxes as they may be called here: by their name in their project's repository, else with the project. By the files
 * of the registry: whoever presses a key waits for no daemon, and starts none. Never throws.
 */
export async function listSandboxNames(context: CliContext): Promise<Candidate[]> {
  const home = await locateHome(context).catch(() => undefined);
  if (home === undefined) return [];
  const [refs, here] = await Promise.all([
    findRefs(getPaths(home).registry).catch(() => []),
    findHere(context, home),
  ]);
  return refs.map((ref) => ({
    value: ref.project === here ? ref.sandbox : formatRef(ref),
    description: `sandbox of ${ref.project}`,
  }));
}

/** The project that the command stands in; undefined outside of all. */
async function findHere(context: CliContext, home: string): Promise<string | undefined> {
  try {
    const { findProject } = await import('../find-project.ts');
    return (await findProject(context, { home })).project;
  } catch {
    return undefined;
  }
}
