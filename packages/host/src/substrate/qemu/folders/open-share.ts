import { closeSync, writeFileSync } from 'node:fs';
import { ProblemError } from '@cspace/protocol/problem';
import { rejectOnAbort } from '../../../system/abort.ts';
import { getTail } from '../../../system/exec.ts';
import type { Owner } from '../../../system/owner.ts';
import { type ProcessId, signalProcess } from '../../../system/process-id.ts';
import { readMostOpenFiles } from '../../../system/process-limits.ts';
import { spawnWatched, type WatchedProcess } from '../../../system/spawn-watched.ts';
import { listenUnix } from '../../../system/unix-listener.ts';
import { getDiskIds } from '../../id-map.ts';
import type { Mount } from '../../substrate.ts';
import { getShareArgv, WANTS_IDS } from './share-argv.ts';
import { findVirtiofsd, getVirtiofsdArgv, LISTENING, type Virtiofsd } from './virtiofsd.ts';

export interface ShareOptions {
  /** Folders `0`, `1`, … of the share, in this order. */
  mounts: readonly Pick<Mount, 'source' | 'readOnly'>[];
  /** The guest's `dev` has this user's files; those of its other users are nobody's. */
  owner: Owner;
  /** Path for the socket, in a folder that is there; what has it is removed. */
  socket: string;
  /** Who may connect besides root. One connection is taken, and the server ends with it. */
  socketUid: number;
  /**
   * A path in the machine's state folder, by which the server's command line tells whose it is. It need not be there:
   * only the server sees something of about that name.
   */
  mountpoint: string;
  /** PATH to find virtiofsd on, besides the places that distributions have for it. */
  path: string;
  /** For tests: this one. */
  virtiofsd?: Virtiofsd;
}

/** The server of a machine's folders. It outlives us, and ends when QEMU lets go of it. */
export interface Share extends ProcessId {
  /** When it serves; whoever connects before that waits. Rejected with the problem if it does not: it is gone then. */
  serving: Promise<void>;
  /** How it ended, in words. */
  ended: Promise<string>;
  /** The last of what it said, while we are there to hear it. */
  getErrorText(): string;
}

const START_TIMEOUT_MS = 20_000;
/** The first descriptor after stdin, stdout and stderr. */
const SOCKET_FD = 3;

/**
 * Starts a machine's virtiofsd: its process and its socket are there at once. Throws ProblemError, also by `serving`:
 * `host-unsupported`, `machine-failed`; nothing is left then.
 */
export async function openShare(options: ShareOptions, signal: AbortSignal): Promise<Share> {
  if (signal.aborted) throw getInterrupted();
  const virtiofsd = options.virtiofsd ?? (await findVirtiofsd(options.path, signal));
  if (!virtiofsd) {
    throw new ProblemError({
      code: 'host-unsupported',
      message: 'virtiofsd is not installed',
      why: 'microVMs get their folders by it',
      fix: 'cspace setup --substrate qemu',
    });
  }
  const folder = `/run${options.mountpoint}`;
  const argv = getShareArgv({
    mounts: options.mounts,
    folder,
    openFiles: await readMostOpenFiles(),
    server: getVirtiofsdArgv(virtiofsd, folder, SOCKET_FD),
  });
  const listener = listenUnix(options.socket, options.socketUid);
  let server: WatchedProcess;
  try {
    server = spawnWatched(argv, [listener]);
  } finally {
    closeSync(listener);
  }
  const { id, ended, getErrorText } = server;
  if (!id) throw getProblem(new Error(await ended), server, signal);
  const serving = serve(id, server, { owner: options.owner, signal });
  // Whoever waits for it hears of it then.
  serving.catch(() => undefined);
  return { ...id, serving, ended, getErrorText };
}

async function serve(
  id: ProcessId,
  server: WatchedProcess,
  { owner, signal }: { owner: Owner; signal: AbortSignal },
): Promise<void> {
  try {
    const stop = stopWaiting(server, signal);
    await Promise.race([server.waitForText('stdout', WANTS_IDS), stop]);
    writeIds(id.pid, owner);
    server.say('go\n');
    await Promise.race([server.waitForText('stderr', LISTENING), stop]);
  } catch (error) {
    signalProcess(id, 'SIGKILL');
    await server.ended;
    throw getProblem(error, server, signal);
  }
}

/** Rejects when there is no more reason to wait. */
function stopWaiting(server: WatchedProcess, signal: AbortSignal): Promise<never> {
  return Promise.race([
    rejectOnAbort(signal),
    server.ended.then((how) => Promise.reject(new Error(how))),
    rejectOnAbort(AbortSignal.timeout(START_TIMEOUT_MS)),
  ]);
}

/** user_namespaces(7): only somebody with rights outside may give it more than one id. */
function writeIds(pid: number, { uid, gid }: Owner): void {
  const getLines = (id: number) =>
    getDiskIds(id)
      .map((range) => `${range.join(' ')}\n`)
      .join('');
  writeFileSync(`/proc/${pid}/uid_map`, getLines(uid));
  writeFileSync(`/proc/${pid}/gid_map`, getLines(gid));
}

function getInterrupted(): ProblemError {
  return new ProblemError({
    code: 'interrupted',
    message: "interrupted while the machine's folders were made",
  });
}

function getProblem(error: unknown, server: WatchedProcess, signal: AbortSignal): ProblemError {
  if (signal.aborted) return getInterrupted();
  const how = error instanceof Error ? error.message : String(error);
  return new ProblemError(
    {
      code: 'machine-failed',
      message: "the server of the machine's folders, virtiofsd, did not start",
      why: getTail(`${how}\n${server.getErrorText()}`),
      fix: 'cspace doctor',
    },
    { cause: error },
  );
}
