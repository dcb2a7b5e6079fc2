import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { locateHome } from '../../client/locate-home.ts';
import { getPaths } from '../../system/paths.ts';
import type { CliContext } from '../context.ts';
import type { Candidate } from './candidates.ts';

const RECORD = '.json';

/**
 * Sandboxes as they may be called here: by their name in their project's repository, else with the project. By the files
 * of the registry: whoever presses a key waits for no daemon, and starts none. Never throws.
 */
export async function listSandboxNames(context: CliContext): Promise<Candidate[]> {
  const home = await locateHome(context).catch(() => undefined);
  if (home === undefined) return [];
  const folder = getPaths(home).registry;
  const [projects, here] = await Promise.all([list(folder), findHere(context, home)]);
  const listed = await Promise.all(
    projects.map(async (project) =>
      (await list(join(folder, project)))
        .filter((file) => file.endsWith(RECORD))
        .map((file) => file.slice(0, -RECORD.length))
        .map((name) => ({
          value: project === here ? name : `${project}/${name}`,
          description: `sandbox of ${project}`,
        })),
    ),
  );
  return listed.flat();
}

const list = async (folder: string): Promise<string[]> => (await readdir(folder).catch(() => [])).sort();

/** The project that the command stands in; undefined outside of all. */
async function findHere(context: CliContext, home: string): Promise<string | undefined> {
  try {
    const { findProject } = await import('../find-project.ts');
    return (await findProject(context, { home })).project;
  } catch {
    return undefined;
  }
}
