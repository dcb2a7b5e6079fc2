import { spawn } from 'node:child_process';
import { closeSync, constants, fchownSync, fstatSync, openSync } from 'node:fs';
import { release } from 'node:os';
import { PROBLEMS, Problem, ProblemError } from '@cspace/protocol/problem';
import { VERSION } from '@cspace/protocol/version';
import type { CliContext } from '../cli/context.ts';
import { BASE_ENV } from '../system/base-env.ts';
import { ensureFolder } from '../system/files.ts';
import { findMacObstacle, type MacHost } from '../system/mac-host.ts';
import { getPaths, type Paths } from '../system/paths.ts';
import { shakeHands } from './connect.ts';
import { runAsRoot } from './sudo.ts';

export interface StartOptions {
  home: string;
  context: CliContext;
}

/** Bringing what a crash left in order comes before the first answer. */
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 10;
/** A daemon that found another one at work leaves at once; that one may have been on its way out. */
const RETRY_MS = 500;

/** Starts the daemon, through sudo where that is needed, and returns when it answers. Once, however many ask at once. */
export async function ensureDaemonStarted({ home, context }: StartOptions): Promise<void> {
  if (process.platform === 'darwin') {
    refuseMac({ arch: process.arch, release: release(), uid: process.getuid?.() });
    return startDaemon({ home, context });
  }
  if (process.getuid?.() === 0) return startDaemon({ home, context });
  // Made by us, not by root: on a home that only its user may write to (NFS) root could not.
  await ensureFolder(home, { owner: context.owner });
  await runAsRoot([...context.self, 'daemon', 'start', '--home', home], {
    context,
    purpose: 'machines need root on Linux: starting the daemon',
  });
}

/** Throws `host-unsupported` on a Mac that can have no sandboxes, and where root asks: they are the user's there. Pure. */
export function refuseMac({ uid, ...host }: MacHost & { uid: number | undefined }): void {
  const obstacle =
    uid === 0
      ? {
          what: 'on a Mac nothing of cspace runs as root but dns install',
          why: "Apple's container keeps its machines for each user, and root is another one",
          fix: 'run the command without sudo',
        }
      : findMacObstacle(host);
  if (!obstacle) return;
  const { what, ...rest } = obstacle;
  throw new ProblemError({ code: 'host-unsupported', message: what, ...rest });
}

/** Starts the daemon as this very user, detached, and races its readiness against its exit. */
export async function startDaemon({ home, context }: StartOptions): Promise<void> {
  const paths = getPaths(home);
  await ensureFolder(home, { owner: context.owner });
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const child = spawnDaemon(paths, context);
    const until = () => child.exit !== undefined && performance.now() > child.exit.at + RETRY_MS;
    while (!until() && performance.now() < deadline) {
      if ((await shakeHands(paths.socket, context.signal))?.version === VERSION) return;
      if (child.exit && child.exit.code !== 0) throw await explainExit(paths, child);
      await Bun.sleep(POLL_MS);
    }
  }
  throw new ProblemError({
    code: 'daemon-unreachable',
    message: `the daemon was not ready within ${READY_TIMEOUT_MS / 1000} seconds`,
    fix: `tail ${paths.daemonLog}`,
  });
}

interface StartedDaemon {
  exit: { code: number | null; at: number } | undefined;
  /** Where in the log its own lines start. */
  logOffset: number;
}

/** A session of its own and no pipe to us: it neither dies with us nor keeps our caller waiting for the end of a pipe. */
function spawnDaemon(paths: Paths, context: CliContext): StartedDaemon {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
  const log = openSync(paths.daemonLog, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600);
  try {
    if (process.getuid?.() === 0) fchownSync(log, context.owner.uid, context.owner.gid);
    const started: StartedDaemon = { exit: undefined, logOffset: fstatSync(log).size };
    const [file = '', ...args] = [...context.self, 'daemon', 'run', '--home', paths.home];
    const child = spawn(file, args, {
      detached: true,
      cwd: '/',
      stdio: ['ignore', log, log],
      env: getDaemonEnv(context.env),
    });
    child.on('exit', (code) => {
      started.exit = { code, at: performance.now() };
    });
    child.on('error', () => {
      started.exit = { code: -1, at: performance.now() };
    });
    child.unref();
    return started;
  } finally {
    closeSync(log);
  }
}

/** What the daemon inherits: it must not depend on which client happened to start it. */
const DAEMON_ENV = [
  'SUDO_UID',
  'SUDO_GID',
  'HOME',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
];

export function getDaemonEnv(env: Record<string, string | undefined>): Record<string, string> {
  const kept: Record<string, string> = {
    PATH: BASE_ENV.PATH,
    LANG: BASE_ENV.LANG,
  };
  for (const [name, value] of Object.entries(env)) {
    const isOurs = name.startsWith('CSPACE_') && name !== 'CSPACE_HOME';
    if (value !== undefined && (isOurs || DAEMON_ENV.includes(name))) kept[name] = value;
  }
  return kept;
}

/** The daemon writes its last words, a problem, as the last line of its log. */
async function explainExit(paths: Paths, child: StartedDaemon): Promise<ProblemError> {
  const text = await Bun.file(paths.daemonLog).slice(child.logOffset).text();
  const lines = text.trimEnd().split('\n');
  for (const line of lines.toReversed()) {
    const problem = parseProblem(line);
    if (problem) return new ProblemError(problem);
  }
  return new ProblemError({
    code: 'daemon-unreachable',
    message: `the daemon ended while starting (exit code ${child.exit?.code ?? 'none'})`,
    why: lines.slice(-8).join('\n'),
    fix: `tail ${paths.daemonLog}`,
  });
}

function parseProblem(line: string): Problem | undefined {
  try {
    const parsed = Problem.safeParse((JSON.parse(line) as { problem?: unknown }).problem);
    return parsed.success && PROBLEMS[parsed.data.code] ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
