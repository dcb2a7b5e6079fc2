import { formatRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import type { SandboxRecord } from '../../registry/record.ts';
import type { House } from '../../sandbox/house.ts';
import { isToken } from '../../sandbox/tokens.ts';
import type { HostToken } from './host-token.ts';

/** Who asks: a program of the host's user, or a sandbox, which has one project and may be counted. */
export type Caller =
  | { audience: 'host'; name: 'host' }
  | { audience: 'sandboxes'; name: string; record: SandboxRecord };

/** The user's programs on the host, by the token. Throws `unauthorized`. */
export async function identifyHost(headers: Headers, token: HostToken, file: string): Promise<Caller> {
  const given = getBearer(headers);
  // Without one the file is not even read.
  if (given !== undefined && isToken(given, await token.get())) return { audience: 'host', name: 'host' };
  throw new ProblemError({
    code: 'unauthorized',
    message: 'this is not the token of this daemon',
    fix: `send the header: Authorization: Bearer, and what is in ${file}`,
  });
}

/**
 * A sandbox: known by its address, which only one has, and by that sandbox's own token for the thing it asks for.
 * Throws `unauthorized`.
 */
export async function identifySandbox(
  house: House,
  { peer, token, what }: { peer: string | undefined; token: string | undefined; what: 'api' | 'model' },
): Promise<Caller> {
  const record = findCaller(house, peer);
  const tokens = record && token !== undefined ? await house.tokens.get(record) : undefined;
  const expected = tokens?.[what];
  if (record && expected !== undefined && isToken(token, expected)) {
    return { audience: 'sandboxes', name: formatRef(record), record };
  }
  throw new ProblemError({
    code: 'unauthorized',
    message: 'this is not the token of this sandbox',
    why:
      tokens && expected === undefined
        ? 'an older cspace made this machine, without such a token'
        : 'a sandbox is known by its address and by its own token',
    fix: 'on the host: cspace down NAME && cspace up NAME',
  });
}

function findCaller(house: House, peer: string | undefined): SandboxRecord | undefined {
  if (peer === undefined) return undefined;
  return house.registry
    .list()
    .find((record) => record.address === peer && (record.state === 'running' || record.state === 'starting'));
}

/** Only ever from the header: a query ends up in logs and histories. */
export function getBearer(headers: Headers): string | undefined {
  return /^Bearer ([\x21-\x7e]+)$/i.exec(headers.get('authorization') ?? '')?.[1];
}
