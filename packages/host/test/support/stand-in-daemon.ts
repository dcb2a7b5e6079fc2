/**
 * A program that behaves as `cspace … daemon run --home HOME` does towards clients, without a machine in it: takes the
 * lock, answers /version and /stop, notes its start in HOME/starts. HOME/behaviour tells it to fail or to be slow.
 */
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PROTOCOL, VERSION } from '@cspace/protocol/version';
import { tryLockFile } from '../../src/system/file-lock.ts';
import { getOwner } from '../../src/system/owner.ts';
import { getPaths } from '../../src/system/paths.ts';

const home = process.argv[process.argv.indexOf('--home') + 1] ?? '';
const paths = getPaths(home);
const behaviour = existsSync(join(home, 'behaviour')) ? readFileSync(join(home, 'behaviour'), 'utf8') : '';
if (behaviour === 'fail') {
  console.error(
    JSON.stringify({
      type: 'problem',
      problem: { code: 'engine-missing', message: 'podman is not installed' },
    }),
  );
  process.exit(3);
}
if (behaviour === 'crash') throw new Error('planned crash');
if (!tryLockFile(paths.daemonLock, getOwner({}))) process.exit(0);
appendFileSync(join(home, 'starts'), `${process.pid}\n`);
rmSync(paths.socket, { force: true });
if (behaviour === 'slow') await Bun.sleep(700);
Bun.serve({
  unix: paths.socket,
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === '/version') {
      const version = behaviour === 'old' ? '0.0.1' : VERSION;
      return Response.json({ version, protocol: PROTOCOL, pid: process.pid });
    }
    if (pathname === '/stop') {
      setTimeout(() => process.exit(0), 50);
      return Response.json({ running: [] });
    }
    return Response.json({ sandboxes: [] });
  },
});
// A test that fails before it stops us leaves nothing for long.
setTimeout(() => process.exit(1), 30_000);
