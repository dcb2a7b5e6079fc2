import { PASSED_ENV } from '@cspace/protocol/daemon-api';
import { ProblemError } from '@cspace/protocol/problem';
import { locateHome } from '../client/locate-home.ts';
import type { CredentialName } from '../secrets/secrets.ts';
import { openSecretsStore, type SecretsStore } from '../secrets/store.ts';
import { getHomeLabel } from '../substrate/labels.ts';
import { ensureFolder } from '../system/files.ts';
import { getPaths } from '../system/paths.ts';
import { getRealPath } from '../system/real-path.ts';
import type { CliContext } from './context.ts';

/** The credentials of the home that the command is for. */
export async function openStore(context: CliContext): Promise<SecretsStore> {
  const { owner } = context;
  const home = await locateHome(context);
  await ensureFolder(home, { owner });
  return openSecretsStore({ paths: getPaths(home), owner, homeLabel: getHomeLabel(getRealPath(home)) });
}

export function parseCredentialName(word: string): CredentialName {
  const name = PASSED_ENV.find((known) => known === word);
  if (name !== undefined) return name;
  throw new ProblemError({
    code: 'usage',
    message: `${JSON.stringify(word)} is no credential that cspace knows`,
    why: `the names: ${PASSED_ENV.join(', ')}`,
    fix: 'cspace secrets set --help',
  });
}
