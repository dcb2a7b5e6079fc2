import {
  type DaemonStatus,
  type ImageBuildEvent,
  ImageBuildRequest,
  type ResolverResponse,
  type StopResponse,
  type UpEvent,
  UpRequest,
  type VersionResponse,
} from '@cspace/protocol/daemon-api';
import { formatRef, SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import { SendRequest } from '@cspace/protocol/supervisor-api';
import { PROTOCOL, VERSION } from '@cspace/protocol/version';
import { type Context, Hono } from 'hono';
import { down } from '../../sandbox/down.ts';
import { fetchSandbox } from '../../sandbox/fetch.ts';
import type { House } from '../../sandbox/house.ts';
import { getSupervisor } from '../../sandbox/machine.ts';
import { listPorts } from '../../sandbox/ports/list-ports.ts';
import { remove } from '../../sandbox/remove.ts';
import { createReporter } from '../../sandbox/spans.ts';
import { up } from '../../sandbox/up.ts';
import { getRecord, getStatus, listSandboxes } from '../../sandbox/view.ts';
import type { IdleTimer } from '../idle.ts';
import type { ResolverKeeper } from '../resolver-keeper.ts';
import { readBody, respondProblem, streamEvents } from './respond.ts';

export interface AppOptions {
  house: House;
  idle: IdleTimer;
  resolver: Pick<ResolverKeeper, 'apply'>;
  startedAt: string;
  /** Leaves once the requests under way are answered. */
  stop(): void;
}

/** The owner's API on `daemon.sock`; the schemas are in the protocol's daemon-api.ts. */
export function createApp(options: AppOptions): Hono {
  const app = new Hono();
  app.onError((error) => respondProblem(error, options.house.log));
  app.notFound((c) =>
    respondProblem(
      new ProblemError({ code: 'not-found', message: `there is no ${c.req.method} ${c.req.path}` }),
      options.house.log,
    ),
  );
  addDaemonRoutes(app, options);
  addSandboxRoutes(app, options.house);
  return app;
}

function addDaemonRoutes(app: Hono, { house, idle, resolver, startedAt, stop }: AppOptions): void {
  app.get('/version', (c) =>
    c.json({ version: VERSION, protocol: PROTOCOL, pid: process.pid } satisfies VersionResponse),
  );
  app.get('/status', (c) => {
    const status: DaemonStatus = {
      running: true,
      pid: process.pid,
      version: VERSION,
      sandboxes: getRunning(house).length,
      startedAt,
      idleExitInSeconds: idle.getRemainingSeconds(),
    };
    return c.json(status);
  });
  app.post('/resolver', async (c) => c.json({ applied: await resolver.apply() } satisfies ResolverResponse));
  app.post('/stop', (c) => {
    // Meant for the daemon that the client has talked to, not for one that took its place meanwhile.
    const pid = c.req.query('pid');
    if (pid === undefined || pid === String(process.pid)) stop();
    return c.json({ running: getRunning(house) } satisfies StopResponse);
  });
  app.post('/image/build', async (c) => {
    const request = await readBody(c.req.raw, ImageBuildRequest);
    return streamEvents<ImageBuildEvent>(house.log, async (emit, signal) => {
      const onProgress = (message: string) => emit({ type: 'progress', step: 'image', message });
      const { force } = request;
      const substrate = await house.substrates.pick(request.substrate, signal);
      return { type: 'image', ...(await house.image.ensure({ substrate, force, signal, onProgress })) };
    });
  });
}

function addSandboxRoutes(app: Hono, house: House): void {
  app.post('/up', async (c) => {
    const request = await readBody(c.req.raw, UpRequest);
    return streamEvents<UpEvent>(house.log, async (emit, signal) => ({
      type: 'up',
      ...(await up(house, request, createReporter(emit), signal)),
    }));
  });
  app.get('/sandboxes', async (c) => c.json({ sandboxes: await listSandboxes(house) }));
  const one = '/sandboxes/:project/:sandbox';
  app.get(one, async (c) => c.json(await getStatus(house, getRef(c))));
  app.delete(one, async (c) => {
    const force = c.req.query('force') === '1';
    return c.json(await remove(house, getRef(c), { force, signal: c.req.raw.signal }));
  });
  app.get(`${one}/ports`, async (c) => c.json(await listPorts(house, getRef(c), c.req.raw.signal)));
  app.post(`${one}/down`, async (c) => c.json(await down(house, getRef(c), c.req.raw.signal)));
  app.post(`${one}/fetch`, async (c) => c.json(await fetchSandbox(house, getRef(c), c.req.raw.signal)));
  app.post(`${one}/turns`, async (c) => {
    const request = await readBody(c.req.raw, SendRequest);
    const supervisor = await getSupervisor(house, getRecord(house, getRef(c)));
    return c.json(await supervisor.send(request), 202);
  });
  app.post(`${one}/interrupt`, async (c) => {
    const supervisor = await getSupervisor(house, getRecord(house, getRef(c)));
    return c.json(await supervisor.interrupt());
  });
}

/** Throws `name-invalid`: the path comes from a client. */
export function getRef(c: Context): SandboxRef {
  const parsed = SandboxRef.safeParse(c.req.param());
  if (parsed.success) return parsed.data;
  throw new ProblemError({
    code: 'name-invalid',
    message: `no sandbox can be called ${JSON.stringify(c.req.param('sandbox'))}`,
    why: parsed.error.issues.map((issue) => issue.message).join('; '),
  });
}

export function getRunning(house: House): string[] {
  return house.registry
    .list()
    .filter((record) => record.state === 'running')
    .map(formatRef);
}
