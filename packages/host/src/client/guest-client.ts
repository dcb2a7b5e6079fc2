import { readFile } from 'node:fs/promises';
import { ListResponse } from '@cspace/protocol/daemon-api';
import { ProblemError } from '@cspace/protocol/problem';
import { SandboxStatus } from '@cspace/protocol/sandbox';
import { SendResponse } from '@cspace/protocol/supervisor-api';
import type { Guest } from '../cli/guest.ts';
import { createGuestEvents } from './guest-events.ts';
import { type Endpoint, NoDaemonError, requestJson } from './http.ts';
import { getPath, type SandboxApi } from './sandbox-api.ts';

/** The daemon may first have to ask a supervisor, which has a deadline of its own. */
const TIMEOUT_MS = 60_000;

/** The daemon of the sandbox that we run in, by HTTP on the gateway. */
export function createGuestClient(guest: Guest, signal: AbortSignal): SandboxApi {
  const options = { signal, timeoutMs: TIMEOUT_MS };
  const ask = async <T>(work: (endpoint: Endpoint) => Promise<T>): Promise<T> => {
    const token = await readToken(guest);
    try {
      return await work({ url: guest.daemon, token });
    } catch (error) {
      throw explainInside(error, guest);
    }
  };
  return {
    list: () => ask((at) => requestJson(at, '/sandboxes', { ...options, schema: ListResponse })),
    get: (ref) => ask((at) => requestJson(at, getPath(ref), { ...options, schema: SandboxStatus })),
    send: (ref, body) =>
      ask((at) =>
        requestJson(at, `${getPath(ref)}/turns`, { ...options, method: 'POST', body, schema: SendResponse }),
      ),
    events: (ref) => createGuestEvents({ ask, ref, signal }),
  };
}

async function readToken({ tokenFile }: Guest): Promise<string> {
  try {
    return (await readFile(tokenFile, 'utf8')).trim();
  } catch (error) {
    throw new ProblemError({
      code: 'unauthorized',
      message: 'the token of this sandbox cannot be read',
      why: error instanceof Error ? error.message : String(error),
      fix: 'run it as dev, or as root',
    });
  }
}

/** The daemon is the host's, and so is what mends it. */
function explainInside(error: unknown, { daemon }: Guest): unknown {
  const isGone = error instanceof NoDaemonError;
  if (!isGone && !(error instanceof ProblemError && error.problem.code === 'daemon-unreachable'))
    return error;
  return new ProblemError({
    code: 'daemon-unreachable',
    message: 'the daemon on the host cannot be reached',
    why: isGone
      ? `nothing answers at ${daemon}`
      : [error.message, error.problem.why].filter(Boolean).join(': '),
    fix: 'on the host: cspace ls',
  });
}
