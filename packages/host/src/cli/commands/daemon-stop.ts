import { ProblemError } from '@cspace/protocol/problem';
import { findDaemon, shakeHands } from '../../client/connect.ts';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';

const LEAVE_TIMEOUT_MS = 60_000;
const POLL_MS = 20;

/** Stops the daemon and waits until it has left. Without one there is nothing to do. */
export async function runDaemonStop(context: CliContext, options: { json?: boolean }): Promise<number> {
  const found = await findDaemon(context);
  const running = found ? (await found.client.stop()).running : [];
  if (found) await waitUntilGone(found.client.socket, found.hello.pid, context);
  if (options.json) {
    printJson(context.stdout, { stopped: found !== undefined, running });
    return 0;
  }
  context.stdout.write(found ? 'the daemon has stopped\n' : 'the daemon was not running\n');
  if (running.length > 0) {
    context.stdout.write(`these sandboxes run on; the next command finds them again:\n`);
    for (const name of running) context.stdout.write(`  ${name}\n`);
  }
  return 0;
}

async function waitUntilGone(socket: string, pid: number, context: CliContext): Promise<void> {
  const deadline = performance.now() + LEAVE_TIMEOUT_MS;
  while (performance.now() < deadline) {
    if ((await shakeHands(socket, context.signal))?.pid !== pid && !isAlive(pid)) return;
    await Bun.sleep(POLL_MS);
  }
  throw new ProblemError({
    code: 'daemon-unreachable',
    message: `the daemon (pid ${pid}) has not left yet`,
    why: 'it takes no more requests, and lets those under way come to their end first',
    fix: 'cspace daemon status',
  });
}

/** Signal 0 asks only; EPERM means that it is there and root's. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
