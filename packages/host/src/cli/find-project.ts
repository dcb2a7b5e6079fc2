import { loadConfig } from '../config/load.ts';
import type { Flags } from '../config/overrides.ts';
import type { Config } from '../config/schema.ts';
import { findRepository, type Repository, resolveProjectName } from '../git/project.ts';
import type { CliContext } from './context.ts';

export interface Project {
  project: string;
  repository: Repository;
  config: Config;
  /** What the committed configuration asked for and did not get. */
  notices: string[];
}

/** The project whose repository the command stands in, with the configuration in force. */
export async function findProject(
  context: CliContext,
  { home, flags = {} }: { home: string; flags?: Flags },
): Promise<Project> {
  const repository = await findRepository(context.cwd, { owner: context.owner, signal: context.signal });
  const { source } = repository;
  const { config, notices } = await loadConfig({ home, source, flags, env: context.env });
  return { project: resolveProjectName(repository.repository, config.project), repository, config, notices };
}
