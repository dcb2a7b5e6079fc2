import { getProjectName, SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import { locateHome } from '../client/locate-home.ts';
import type { CliContext } from './context.ts';

/**
 * The sandbox that a person means: `shop/mercury` from anywhere, `mercury` inside of the project, in a
 * sandbox of it too. Throws `name-invalid`, or
 * what finding the project throws.
 */
export async function resolveRef(context: CliContext, name: string): Promise<SandboxRef> {
  const slash = name.indexOf('/');
  if (slash !== -1) return parseRef({ project: name.slice(0, slash), sandbox: name.slice(slash + 1) }, name);
  if (context.guest) return parseRef({ project: context.guest.project, sandbox: name }, name);
  // A bad name is bad in every project: said before the project is looked for.
  parseRef({ project: 'p', sandbox: name }, name);
  const { findProject } = await import('./find-project.ts');
  const { project } = await findProject(context, { home: await locateHome(context) });
  return parseRef({ project, sandbox: name }, name);
}

/** Throws `name-invalid` with what a name may be. */
export function parseRef(ref: { project: string; sandbox: string }, written: string): SandboxRef {
  const parsed = SandboxRef.safeParse(ref);
  if (parsed.success) return parsed.data;
  throw new ProblemError({
    code: 'name-invalid',
    message: `a sandbox cannot be called ${JSON.stringify(written)}`,
    why: [...new Set(parsed.error.issues.map((issue) => issue.message))].join('; '),
    fix: `cspace up ${getProjectName(written) ?? 'mercury'}`,
  });
}
