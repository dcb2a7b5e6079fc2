import { PROBLEMS, Problem, ProblemError } from '@cspace/protocol/problem';
import {
  Health,
  InterruptResponse,
  type SendRequest,
  SendResponse,
  SUPERVISOR_PORT,
} from '@cspace/protocol/supervisor-api';
import { z } from 'zod';

/** Where a supervisor is and what it wants to see. */
export interface SupervisorAddress {
  address: string;
  token: string;
}

const TIMEOUT_MS = 5000;
/** The disk of the sandbox may be slow to sync; the turn is not accepted before. */
const SEND_TIMEOUT_MS = 30_000;
const MAX_RESPONSE_BYTES = 256 * 1024;

/** Calls of the daemon to one supervisor. Throws ProblemError: the supervisor's own, or `supervisor-unreachable`. */
export function createSupervisorClient(at: SupervisorAddress, fetcher: typeof fetch = fetch) {
  async function call<T>(schema: z.ZodType<T>, path: string, init: RequestInit & { timeoutMs?: number }) {
    const { timeoutMs = TIMEOUT_MS, ...rest } = init;
    const deadline = AbortSignal.timeout(timeoutMs);
    let response: Response;
    let body: unknown;
    try {
      response = await fetcher(`http://${at.address}:${SUPERVISOR_PORT}${path}`, {
        ...rest,
        headers: { authorization: `Bearer ${at.token}`, 'content-type': 'application/json' },
        signal: rest.signal ? AbortSignal.any([rest.signal, deadline]) : deadline,
        redirect: 'error',
        // The token is for the supervisor, not for the proxy of the daemon's environment (`false` is what Bun understands).
        ...({ proxy: false } as object),
      });
      body = await readJson(response);
    } catch (error) {
      if (rest.signal?.aborted) throw rest.signal.reason;
      throw unreachable(error instanceof Error ? error.message : String(error), error);
    }
    if (!response.ok) throw readProblem(body, response.status);
    const parsed = schema.safeParse(body);
    if (!parsed.success) throw unreachable('it answered with something else than this version understands');
    return parsed.data;
  }

  return {
    getHealth: (options: { signal?: AbortSignal; timeoutMs?: number } = {}) =>
      call(Health, '/health', options),
    send: (request: SendRequest, signal?: AbortSignal) =>
      call(SendResponse, '/send', {
        method: 'POST',
        body: JSON.stringify(request),
        timeoutMs: SEND_TIMEOUT_MS,
        ...(signal ? { signal } : {}),
      }),
    interrupt: () => call(InterruptResponse, '/interrupt', { method: 'POST', timeoutMs: SEND_TIMEOUT_MS }),
  };
}
export type SupervisorClient = ReturnType<typeof createSupervisorClient>;

/** The guest may answer with anything, for ever: only so much of it is read. */
async function readJson(response: Response): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_RESPONSE_BYTES) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function readProblem(body: unknown, status: number): ProblemError {
  const parsed = z.object({ problem: Problem }).safeParse(body);
  if (parsed.success && PROBLEMS[parsed.data.problem.code].http === status) {
    return new ProblemError(parsed.data.problem);
  }
  return unreachable(`it answered ${status}`);
}

function unreachable(why: string, cause?: unknown): ProblemError {
  return new ProblemError(
    {
      code: 'supervisor-unreachable',
      message: 'the supervisor in the sandbox does not answer',
      why,
      fix: 'cspace down NAME && cspace up NAME',
    },
    { cause },
  );
}
