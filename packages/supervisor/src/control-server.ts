import { createHash, timingSafeEqual } from 'node:crypto';
import { PROBLEMS, ProblemError, toProblem } from '@cspace/protocol/problem';
import {
  type Health,
  type InterruptResponse,
  MAX_TURN_BYTES,
  SendRequest,
  type SendResponse,
} from '@cspace/protocol/supervisor-api';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';

/** What the server can be asked. */
export interface Control {
  send(request: SendRequest): Promise<string>;
  interrupt(): Promise<string>;
  getHealth(): Health;
  /** The lines of the log after an event, then each new one, until the signal. */
  follow(after: number, signal: AbortSignal): AsyncIterable<string>;
}

/** A text of the largest size may take six times as much as JSON. */
const MAX_BODY_BYTES = 6 * MAX_TURN_BYTES + 1024;
/** So that both sides notice a dead connection. */
const KEEP_ALIVE_MS = 15_000;

/** The routes, as one function from request to response; `token` must not be empty. */
export function createControlApp(control: Control, token: string): Hono {
  if (token === '') throw new TypeError('createControlApp: empty token');
  const app = new Hono();
  const expected = getDigest(`Bearer ${token}`);
  app.use(async (c, next) => {
    // Digests have one length, as timingSafeEqual wants.
    const given = getDigest(c.req.header('authorization') ?? '');
    if (!timingSafeEqual(given, expected)) {
      throw new ProblemError({ code: 'unauthorized', message: 'the token is missing or wrong' });
    }
    await next();
  });
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: () => {
        throw new ProblemError({
          code: 'too-large',
          message: `a request holds at most ${MAX_BODY_BYTES} bytes`,
        });
      },
    }),
  );
  app.get('/health', (c) => c.json(control.getHealth() satisfies Health));
  app.post('/send', async (c) => {
    const id = await control.send(parseSend(await c.req.text()));
    return c.json({ id } satisfies SendResponse, 202);
  });
  app.post('/interrupt', async (c) =>
    c.json({ turn: await control.interrupt() } satisfies InterruptResponse),
  );
  app.get('/events', (c) => {
    const after = getAfter(c.req.query('after'));
    const lines = control.follow(after, c.req.raw.signal);
    return c.body(toStream(lines), 200, { 'content-type': 'application/x-ndjson' });
  });
  app.notFound(() => toResponse(new ProblemError({ code: 'not-found', message: 'no such route' })));
  app.onError((error) => toResponse(error));
  return app;
}

/** Listens; throws ProblemError `port-taken`. The caller stops it. */
export function startControlServer(
  app: Hono,
  at: { hostname: string; port: number },
): ReturnType<typeof Bun.serve> {
  try {
    // No idle time-out: `/events` is silent for as long as the agent is, and `/send` for as long as the disk.
    return Bun.serve({
      ...at,
      idleTimeout: 0,
      maxRequestBodySize: MAX_BODY_BYTES,
      fetch: (r) => app.fetch(r),
    });
  } catch (error) {
    throw new ProblemError(
      {
        code: 'port-taken',
        message: `the supervisor cannot listen on ${at.hostname}:${at.port}`,
        why: error instanceof Error ? error.message : String(error),
      },
      { cause: error },
    );
  }
}

const getDigest = (text: string): Buffer => createHash('sha256').update(text).digest();

function parseSend(text: string): SendRequest {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new ProblemError({ code: 'usage', message: 'the body is not JSON' });
  }
  const parsed = SendRequest.safeParse(body);
  if (parsed.success) return parsed.data;
  const why = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n');
  throw new ProblemError({ code: 'usage', message: 'the body is no turn', why });
}

function getAfter(text: string | undefined): number {
  if (text === undefined) return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new ProblemError({
    code: 'usage',
    message: `after= is the number of an event, not ${text.slice(0, 40)}`,
  });
}

function toResponse(error: unknown): Response {
  const problem = toProblem(error);
  return Response.json({ problem }, { status: PROBLEMS[problem.code].http });
}

/** An empty line now and then, which readers of NDJSON pass over, shows that the connection lives. */
function toStream(lines: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = lines[Symbol.asyncIterator]();
  let pending: Promise<IteratorResult<string>> | undefined;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      pending ??= iterator.next();
      const quiet = Promise.withResolvers<undefined>();
      const timer = setTimeout(() => quiet.resolve(undefined), KEEP_ALIVE_MS);
      const next = await Promise.race([pending, quiet.promise]);
      clearTimeout(timer);
      if (next === undefined) return controller.enqueue(encoder.encode('\n'));
      pending = undefined;
      if (next.done) controller.close();
      else controller.enqueue(encoder.encode(`${next.value}\n`));
    },
    cancel: async () => void (await iterator.return?.()),
  });
}
