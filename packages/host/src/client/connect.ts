import { VersionResponse } from '@cspace/protocol/daemon-api';
import { ProblemError } from '@cspace/protocol/problem';
import { VERSION } from '@cspace/protocol/version';
import type { CliContext } from '../cli/context.ts';
import { getPaths } from '../system/paths.ts';
import { createDaemonClient, type DaemonClient } from './daemon-client.ts';
import { NoDaemonError, request, requestJson } from './http.ts';
import { locateHome } from './locate-home.ts';

const HANDSHAKE_TIMEOUT_MS = 10_000;
/** The old daemon lets the requests under way end, an image build among them, before it leaves. */
const LEAVE_TIMEOUT_MS = 10 * 60_000;
const POLL_MS = 20;

/** The daemon of this version, started where none runs, the one of another version sent away first. */
export async function connectDaemon(context: CliContext): Promise<DaemonClient> {
  const home = await locateHome(context);
  const { socket } = getPaths(home);
  const found = await shakeHands(socket, context.signal);
  if (found?.version !== VERSION) {
    if (found) await sendAway(socket, found, context);
    // Loaded when it is needed only: the usual case is a daemon that is there.
    const { ensureDaemonStarted } = await import('./start-daemon.ts');
    await ensureDaemonStarted({ home, context });
  }
  return createDaemonClient(home, context.signal);
}

/** The daemon that runs, whatever its version; undefined where none does. */
export async function findDaemon(
  context: CliContext,
): Promise<{ client: DaemonClient; hello: VersionResponse } | undefined> {
  const home = await locateHome(context);
  const hello = await shakeHands(getPaths(home).socket, context.signal);
  return hello && { client: createDaemonClient(home, context.signal), hello };
}

/** What the daemon says of itself; undefined where nobody listens. */
export async function shakeHands(socket: string, signal: AbortSignal): Promise<VersionResponse | undefined> {
  try {
    return await requestJson(socket, '/version', {
      signal,
      timeoutMs: HANDSHAKE_TIMEOUT_MS,
      schema: VersionResponse,
    });
  } catch (error) {
    if (error instanceof NoDaemonError) return undefined;
    throw error;
  }
}

/** Machines outlive daemons, so a daemon of another version can leave at any time. */
async function sendAway(socket: string, old: VersionResponse, context: CliContext): Promise<void> {
  context.stderr.write(`replacing the daemon ${old.version} by ${VERSION}\n`);
  try {
    // The pid keeps us from stopping the new daemon that another client has started meanwhile.
    await request(socket, `/stop?pid=${old.pid}`, { method: 'POST', body: {}, signal: context.signal });
  } catch (error) {
    if (!(error instanceof NoDaemonError)) throw error;
  }
  const deadline = performance.now() + LEAVE_TIMEOUT_MS;
  while (performance.now() < deadline) {
    if (!(await answers(socket, old.pid, context.signal))) return;
    await Bun.sleep(POLL_MS);
  }
  throw new ProblemError({
    code: 'daemon-unreachable',
    message: `the daemon ${old.version} (pid ${old.pid}) does not leave`,
    why: 'it was asked to, and lets what is under way come to its end first',
    fix: 'cspace daemon status',
  });
}

/** Whether that daemon is there still. One that leaves may break the very connection that asks: it is asked again. */
async function answers(socket: string, pid: number, signal: AbortSignal): Promise<boolean> {
  try {
    return (await shakeHands(socket, signal))?.pid === pid;
  } catch (error) {
    if (signal.aborted) throw error;
    return true;
  }
}
