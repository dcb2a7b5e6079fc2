import { ProblemError } from '@cspace/protocol/problem';
import { makePaths, makeRepository, REF, SELF } from '../../git/testing.ts';
import type { Owner } from '../../system/owner.ts';
import { createClone } from './clone.ts';
import { type FetchOptions, fetchWork } from './fetch.ts';
import { findUniqueWork } from './work.ts';

/** A host repository and the clone of one sandbox, with the use cases as short calls. */
export async function makeSandboxClone(
  folder: string,
  repository = makeRepository(folder),
  owner: Owner = SELF,
) {
  const paths = makePaths(folder);
  const signal = AbortSignal.timeout(60_000);
  const create = () => createClone({ paths, ref: REF, repository, source: repository, owner, signal });
  const { branch, path } = { ...(await create()), path: paths.clone(REF) };
  const options = { clone: path, repository, branch, owner, signal };
  return {
    folder,
    repository,
    path,
    branch,
    reuse: create,
    work: (more: Partial<FetchOptions> = {}) => findUniqueWork({ ...options, ...more }),
    fetch: (more: Partial<FetchOptions> = {}) => fetchWork({ ...options, ...more }),
  };
}
export type SandboxClone = Awaited<ReturnType<typeof makeSandboxClone>>;

/** The problem that a call ends with; throws where it ends otherwise. */
export async function getProblem(call: Promise<unknown>) {
  const error = await call.then(
    (value) => new Error(`no problem but ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  if (error instanceof ProblemError) return error.problem;
  throw error;
}
