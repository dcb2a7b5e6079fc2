import type { FetchResponse } from '@cspace/protocol/daemon-api';
import type { SandboxRef } from '@cspace/protocol/names';
import type { House } from './house.ts';
import { fetchWork } from './provision/fetch.ts';
import { getRecord } from './view.ts';

/** Takes the sandbox's commits into the host repository, as branch `cspace/<sandbox>`. */
export async function fetchSandbox(
  house: House,
  ref: SandboxRef,
  signal: AbortSignal,
): Promise<FetchResponse> {
  const record = getRecord(house, ref);
  const fetched = await fetchWork({
    clone: house.paths.clone(ref),
    repository: record.repository,
    branch: record.branch,
    owner: house.owner,
    signal,
  });
  return { project: ref.project, sandbox: ref.sandbox, ...fetched };
}
