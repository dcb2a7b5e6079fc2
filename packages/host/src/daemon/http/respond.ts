import { PROBLEMS, type Problem, ProblemError, toProblem } from '@cspace/protocol/problem';
import { z } from 'zod';
import type { Log } from '../../system/log.ts';

/** A problem as the answer to a request, as far as `tell` lets it. Bugs of ours go to the log with their stack. */
export function respondProblem(
  error: unknown,
  log: Log,
  tell: (problem: Problem) => Problem = (problem) => problem,
): Response {
  const problem = toProblem(error);
  if (problem.code === 'internal') {
    log.error(problem.message, { stack: error instanceof Error ? error.stack : undefined });
  }
  return Response.json({ problem: tell(problem) }, { status: PROBLEMS[problem.code].http });
}

const MAX_BODY_BYTES = 2 * 1024 * 1024;

/** The body by its schema. Throws `usage` that names what is wrong with it, and `too-large`. */
export async function readBody<T>(request: Request, schema: z.ZodType<T>): Promise<T> {
  const text = Buffer.from(await readBytes(request, MAX_BODY_BYTES)).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ProblemError({ code: 'usage', message: 'the request is no JSON' });
  }
  return check(value, schema);
}

/** The query by its schema. Throws `usage`. */
export function readQuery<T>(request: Request, schema: z.ZodType<T>): T {
  return check(Object.fromEntries(new URL(request.url).searchParams), schema);
}

function check<T>(value: unknown, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ProblemError({
    code: 'usage',
    message: 'the request is not understood',
    why: z.prettifyError(parsed.error).slice(0, MAX_WHY_CHARACTERS),
  });
}

/** What was not understood is quoted, and may be long. */
const MAX_WHY_CHARACTERS = 1000;

/** The same request for another URL, its body read. Throws `too-large`. */
export async function limitBody(
  request: Request,
  { url, maxBytes }: { url: string; maxBytes: number },
): Promise<Request> {
  const { method, headers, signal } = request;
  if (!request.body) return new Request(url, { method, headers, signal });
  return new Request(url, { method, headers, signal, body: await readBytes(request, maxBytes) });
}

/** Stops reading at the first byte too many: how long a body is said to be, and how long it is, are the client's words. */
async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = { code: 'too-large', message: `the request is larger than ${maxBytes} bytes` } as const;
  if (Number(request.headers.get('content-length')) > maxBytes) throw new ProblemError(tooLarge);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request.body ?? []) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new ProblemError(tooLarge);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError({ code: 'interrupted', message: 'the request broke off' }, { cause: error });
  }
  return Buffer.concat(chunks);
}

/**
 * A stream of events, one JSON a line, while `work` runs; its failure is the last event. When the reader goes away the
 * signal given to `work` is aborted; the answer ends only after `work` has.
 */
export function streamEvents<E extends { type: string }>(
  log: Log,
  work: (emit: (event: E) => void, signal: AbortSignal) => Promise<E>,
): Response {
  const abort = new AbortController();
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const emit = (event: E | { type: 'problem'; problem: Problem }) => {
        // A reader that left closes the stream under us; the work still has to come to its end.
        if (!abort.signal.aborted) controller.enqueue(encoder.encode(`${JSON.stringify(event)}\n`));
      };
      try {
        emit(await work(emit, abort.signal));
      } catch (error) {
        const problem = toProblem(error);
        if (problem.code === 'internal') log.error(problem.message, { stack: (error as Error).stack });
        emit({ type: 'problem', problem });
      }
      if (!abort.signal.aborted) controller.close();
    },
    cancel() {
      abort.abort(new Error('the client left'));
    },
  });
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } });
}
