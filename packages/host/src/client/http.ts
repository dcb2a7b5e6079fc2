import { Problem, ProblemError } from '@cspace/protocol/problem';
import { z } from 'zod';

/** Where a daemon answers: the path of its unix socket, or a URL with the token to show there. */
export type Endpoint = string | { url: string; token: string };

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'DELETE';
  body?: unknown;
  signal?: AbortSignal;
  /** How long the daemon may take to answer; none by default, because it has deadlines of its own. */
  timeoutMs?: number;
}

/** Nobody listens there: there is no daemon, and whatever was asked has not been heard. */
export class NoDaemonError extends Error {
  override readonly name = 'NoDaemonError';
}

const Failure = z.object({ problem: Problem });

/** Asks the daemon. Throws NoDaemonError, or ProblemError with what the daemon said. */
export async function request(
  endpoint: Endpoint,
  path: string,
  options: RequestOptions = {},
): Promise<Response> {
  const { method = 'GET', body, signal, timeoutMs } = options;
  const signals = [signal, timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)].filter(
    (s) => s !== undefined,
  );
  let response: Response;
  try {
    response = await fetchFrom(endpoint, path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.any(signals),
    });
  } catch (error) {
    throw explain(error, signal);
  }
  if (response.ok) return response;
  throw new ProblemError(await readFailure(response));
}

function fetchFrom(
  endpoint: Endpoint,
  path: string,
  init: RequestInit & { headers: Record<string, string> },
) {
  if (typeof endpoint === 'string') return fetch(`http://cspace${path}`, { ...init, unix: endpoint });
  const headers = { ...init.headers, authorization: `Bearer ${endpoint.token}` };
  // The token is for the daemon, and not for the proxy that http_proxy may name (`false` is what Bun understands).
  const direct = { proxy: false, redirect: 'error' } as object;
  return fetch(`${endpoint.url}${path}`, { ...init, ...direct, headers });
}

/** The answer by its schema. */
export async function requestJson<T>(
  endpoint: Endpoint,
  path: string,
  options: RequestOptions & { schema: z.ZodType<T> },
): Promise<T> {
  const response = await request(endpoint, path, options);
  try {
    return options.schema.parse(await response.json());
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw explain(error, options.signal);
    throw new ProblemError({
      code: 'daemon-unreachable',
      message: 'the daemon gave an answer that this version of cspace does not understand',
      why: z.prettifyError(error),
      fix: 'cspace daemon stop',
    });
  }
}

/** The lines of an answer that is a stream of events, each by the schema. Throws as `request` does. */
export async function* requestEvents<T>(
  endpoint: Endpoint,
  path: string,
  options: RequestOptions & { schema: z.ZodType<T> },
): AsyncGenerator<T> {
  const lines = await requestLines(endpoint, path, options);
  for await (const line of lines) yield options.schema.parse(JSON.parse(line));
}

/** The lines of an answer that lasts; resolves when it has begun. Throws as `request` does, its lines too. */
export async function requestLines(
  endpoint: Endpoint,
  path: string,
  options: RequestOptions,
): Promise<AsyncIterable<string>> {
  const response = await request(endpoint, path, options);
  return readLines(response, options.signal);
}

async function* readLines(response: Response, signal: AbortSignal | undefined): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of response.body ?? []) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error) {
    throw explain(error, signal);
  }
}

async function readFailure(response: Response): Promise<Problem> {
  const text = await response.text();
  try {
    return Failure.parse(JSON.parse(text)).problem;
  } catch {
    return {
      code: 'daemon-unreachable',
      message: `the daemon answered ${response.status} without saying why`,
      fix: 'cspace daemon stop',
    };
  }
}

function explain(error: unknown, signal: AbortSignal | undefined): Error {
  if (error instanceof ProblemError || error instanceof z.ZodError) return error;
  if (signal?.aborted) return new ProblemError({ code: 'interrupted', message: 'interrupted' });
  const { code, name, message } = error as Error & { code?: unknown };
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ConnectionRefused')
    return new NoDaemonError(message);
  if (code === 'EACCES' || code === 'EPERM') {
    return new ProblemError({
      code: 'unauthorized',
      message: 'the daemon belongs to another user',
      why: 'only the user whose sandboxes they are may open its socket',
      fix: 'set CSPACE_HOME to a folder of your own',
    });
  }
  if (name === 'TimeoutError') {
    return new ProblemError({
      code: 'daemon-unreachable',
      message: 'the daemon does not answer',
      why: 'it accepts connections but gave no answer in time; it may be stopped or overloaded',
      fix: 'look at its end of daemon.log, then: cspace daemon stop',
    });
  }
  return new ProblemError({
    code: 'daemon-unreachable',
    message: 'the connection to the daemon broke',
    why: message,
    fix: 'run the command again; the daemon is started anew where it is gone',
  });
}
