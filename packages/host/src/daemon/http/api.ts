import type { ListResponse } from '@cspace/protocol/daemon-api';
import { type ApiVersion, EventsQuery } from '@cspace/protocol/http-api';
import { formatRef, SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import { SendRequest } from '@cspace/protocol/supervisor-api';
import { PROTOCOL, VERSION } from '@cspace/protocol/version';
import { Hono } from 'hono';
import type { House } from '../../sandbox/house.ts';
import { getSupervisor } from '../../sandbox/machine.ts';
import { findBroken, getRecord, getStatus, listSandboxes } from '../../sandbox/view.ts';
import type { Caller } from './callers.ts';
import { streamSandboxEvents } from './event-stream.ts';
import { narrowProblem, narrowView } from './narrow.ts';
import { getDocument } from './openapi.ts';
import { readBody, readQuery, respondProblem } from './respond.ts';
import { type Operation, ROUTES } from './routes.ts';
import type { Slots } from './slots.ts';

export interface ApiOptions {
  house: House;
  /** Of the streams that follow events. */
  streams: Slots;
  /** The daemon is leaving: streams come to their end. */
  signal: AbortSignal;
}

/** One request of a caller that has shown who it is. */
interface Call {
  caller: Caller;
  request: Request;
  params: Record<string, string>;
}

export type Api = (request: Request, caller: Caller) => Promise<Response>;

/** The daemon's API on TCP, for the host's programs and for sandboxes: the table of routes, and what each does. */
export function createApi(options: ApiOptions): Api {
  const handlers = createHandlers(options);
  const app = new Hono<{ Bindings: { caller: Caller } }>();
  for (const [operation, { method, path }] of Object.entries(ROUTES)) {
    app.on(method.toUpperCase(), path, (c) =>
      handlers[operation as Operation]({
        caller: c.env.caller,
        request: c.req.raw,
        params: c.req.param() as Record<string, string>,
      }),
    );
  }
  for (const path of new Set(Object.values(ROUTES).map((route) => route.path))) {
    app.all(path, (c) => {
      throw new ProblemError({
        code: 'method-not-allowed',
        message: `${c.req.method} is not understood at this path`,
      });
    });
  }
  app.notFound(() => {
    throw new ProblemError({ code: 'not-found', message: 'there is nothing at this path' });
  });
  app.onError((error, c) =>
    respondProblem(error, options.house.log, (problem) => narrowProblem(problem, c.env.caller.audience)),
  );
  return async (request, caller) => app.fetch(request, { caller });
}

function createHandlers({
  house,
  streams,
  signal,
}: ApiOptions): Record<Operation, (call: Call) => Promise<Response>> {
  return {
    async getVersion() {
      return Response.json({ version: VERSION, protocol: PROTOCOL } satisfies ApiVersion);
    },
    async getDocument() {
      return Response.json(getDocument());
    },
    async listSandboxes({ caller }) {
      const project = caller.audience === 'host' ? undefined : caller.record.project;
      const sandboxes = await listSandboxes(house, project);
      return Response.json({
        sandboxes: sandboxes.map((view) => narrowView(view, caller.audience)),
      } satisfies ListResponse);
    },
    async getSandbox(call) {
      return Response.json(narrowView(await getStatus(house, findRef(house, call)), call.caller.audience));
    },
    async sendTurn(call) {
      const record = getRecord(house, findRef(house, call));
      const turn = await readBody(call.request, SendRequest);
      const supervisor = await getSupervisor(house, record);
      return Response.json(await supervisor.send(turn), { status: 202 });
    },
    async readEvents(call) {
      const ref = findRef(house, call);
      const query = readQuery(call.request, EventsQuery);
      const release = query.follow === '1' ? streams.take(call.caller.name) : () => {};
      const leaving = AbortSignal.any([signal, call.request.signal]);
      return streamSandboxEvents({ path: house.paths.events(ref), query, signal: leaving, onEnd: release });
    },
  };
}

/**
 * The sandbox of a request. One of another project, one that never was, and a name that none can have are the same
 * `sandbox-not-found` for a sandbox.
 */
function findRef(house: House, { caller, params }: Call): SandboxRef {
  const parsed = SandboxRef.safeParse(params);
  if (parsed.success) {
    const ref = parsed.data;
    const isIts = caller.audience === 'host' || caller.record.project === ref.project;
    if (isIts && (house.registry.get(ref) || findBroken(house, ref))) return ref;
  }
  throw new ProblemError({
    code: 'sandbox-not-found',
    message: parsed.success ? `there is no sandbox ${formatRef(parsed.data)}` : 'there is no such sandbox',
    fix: 'cspace ls',
  });
}
