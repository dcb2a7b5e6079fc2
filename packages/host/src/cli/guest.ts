import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GUEST } from '../system/paths.ts';

/** The sandbox that we run in, as its daemon has described it. */
export interface Guest {
  project: string;
  sandbox: string;
  /** Where its daemon answers by HTTP. */
  daemon: string;
  tokenFile: string;
}

/**
 * Inside a sandbox cspace is a client of the daemon that made it; undefined on a host. Where CSPACE_HOME is set, somebody
 * wants a cspace of their own, also inside.
 */
export function findGuest(
  env: Record<string, string | undefined>,
  folder: string = GUEST.run,
): Guest | undefined {
  if (env.CSPACE_HOME) return undefined;
  let found: Record<string, unknown>;
  try {
    found = JSON.parse(readFileSync(join(folder, GUEST.sandboxFile), 'utf8')) ?? {};
  } catch {
    return undefined;
  }
  const { project, sandbox, daemon } = found;
  if (typeof project !== 'string' || typeof sandbox !== 'string' || typeof daemon !== 'string')
    return undefined;
  return { project, sandbox, daemon, tokenFile: join(folder, GUEST.apiToken) };
}
