// The daemon without machines, as a program: registry, keeper of the host's resolver, and the few routes of the socket that
// `cspace dns` calls. Argument: the home. PUT /record writes a record as `up` and `down` would.
import { realpathSync } from 'node:fs';
import { PROTOCOL, VERSION } from '@cspace/protocol/version';
import { createResolverKeeper } from '../../src/daemon/resolver-keeper.ts';
import { openFileRegistry } from '../../src/registry/file-registry.ts';
import { getView } from '../../src/sandbox/view.ts';
import { getHomeLabel } from '../../src/substrate/labels.ts';
import { createFileLog } from '../../src/system/log.ts';
import { getOwner } from '../../src/system/owner.ts';
import { getPaths } from '../../src/system/paths.ts';

const [home = ''] = process.argv.slice(2);
const paths = getPaths(home);
const owner = getOwner({});
const log = createFileLog(paths.daemonLog, owner);
const registry = await openFileRegistry(paths, owner);
const keeper = createResolverKeeper({ homeLabel: getHomeLabel(realpathSync(home)), registry, log });
registry.onChange(keeper.touch);
await keeper.apply();

const routes: Record<string, (request: Request) => Promise<unknown>> = {
  'GET /version': async () => ({ version: VERSION, protocol: PROTOCOL, pid: process.pid }),
  'GET /sandboxes': async () => ({
    sandboxes: registry.list().map(getView),
  }),
  'POST /resolver': async () => ({ applied: await keeper.apply() }),
  'PUT /record': async (request) => {
    await registry.put((await request.json()) as Parameters<typeof registry.put>[0]);
    return {};
  },
};
Bun.serve({
  unix: paths.socket,
  async fetch(request) {
    const route = routes[`${request.method} ${new URL(request.url).pathname}`];
    if (!route) return Response.json({}, { status: 404 });
    try {
      return Response.json(await route(request));
    } catch (error) {
      const problem = { code: 'failed', message: String(error) };
      return Response.json({ problem }, { status: 500 });
    }
  },
});
process.on('SIGTERM', async () => {
  await keeper.leave();
  process.exit(0);
});
console.log('ready');
