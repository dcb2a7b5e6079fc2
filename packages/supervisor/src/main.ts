import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ProblemError, toProblem } from '@cspace/protocol/problem';
import { PROTOCOL, VERSION } from '@cspace/protocol/version';
import { AgentKeeper } from './agent-keeper.ts';
import { createClaudeStarter } from './claude-agent.ts';
import { createControlApp, startControlServer } from './control-server.ts';
import { openEventLog } from './event-log.ts';
import { followEvents } from './follow-events.ts';
import { takeLock } from './lock.ts';
import { countOomKills } from './oom.ts';
import { sweepAgents } from './orphans.ts';
import { createRecorder } from './recorder.ts';
import { Session } from './session.ts';
import { getSettings, type Settings } from './settings.ts';
import { getEnvironment } from './standby.ts';
import { findTranscript, readTurnState } from './transcript.ts';
import { createTurnQueue } from './turns.ts';

/** A supervisor that runs. */
export interface Supervisor {
  port: number;
  stop(reason: string): Promise<void>;
}

type Env = Record<string, string | undefined>;

/**
 * Brings the supervisor up: the lock first, then the sweep of what a dead one left, so that two agents never write to one
 * transcript. It answers before the agent is ready. Throws ProblemError; `onBug` hears of what should not happen later.
 */
export async function startSupervisor(
  settings: Settings,
  env: Env,
  onBug: (error: unknown) => void,
): Promise<Supervisor> {
  checkFolders(settings);
  const unlock = takeLock(join(settings.sessionFolder, 'supervisor.lock'));
  const sweep = () => sweepAgents(settings.sessionFolder);
  await sweep();
  const log = await openEventLog(join(settings.sessionFolder, 'events.ndjson'));
  const recorder = createRecorder(log);
  const started = { version: VERSION, protocol: PROTOCOL, pid: process.pid };
  recorder.record({ type: 'supervisor.started', session: log.history.session, data: started });
  const keeper = new AgentKeeper({
    startAgent: createClaudeStarter({
      executable: settings.claudeExecutable,
      model: settings.model,
      workspace: settings.workspace,
      mark: settings.sessionFolder,
      env,
    }),
    recorder,
    history: log.history,
    model: settings.model,
    practice: settings.practice,
    retryDelaysMs: settings.retryDelaysMs,
    findTranscript: (session) => findTranscript(settings.claudeFolder, session),
    readTurnState,
    sweep,
    countOomKills,
  });
  const session = new Session({ keeper, queue: createTurnQueue(log), recorder, stallMs: settings.stallMs });
  const closing = new AbortController();
  const app = createControlApp(
    {
      send: (request) => session.send(request),
      interrupt: () => session.interrupt(),
      getHealth: () => session.getHealth(),
      follow: (after, signal) => followEvents(log, after, AbortSignal.any([signal, closing.signal])),
    },
    settings.token,
  );
  const server = startControlServer(app, { hostname: settings.host, port: settings.port });
  session.start(onBug);
  return {
    port: server.port ?? settings.port,
    async stop(reason) {
      closing.abort();
      await server.stop(true);
      await session.stop(reason);
      recorder.close();
      await log.sync().catch(() => undefined);
      log.close();
      unlock();
    },
  };
}

/** Claude Code's own complaint about an absent folder misleads, so they are looked at first. */
function checkFolders({ sessionFolder, workspace }: Settings): void {
  mkdirSync(sessionFolder, { recursive: true });
  if (statSync(workspace, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new ProblemError({ code: 'config-invalid', message: `the workspace ${workspace} is not a folder` });
}

/** Longer than a stop takes; what still holds us then is a bug, and the log is on disk. */
const STOP_TIMEOUT_MS = 8000;

async function main(): Promise<void> {
  const fail = (error: unknown): never => {
    const { message, why } = toProblem(error);
    console.error(`cspace-supervisor: ${message}${why ? `\n${why}` : ''}`);
    if (!(error instanceof ProblemError)) console.error(error);
    process.exit(1);
  };
  try {
    const env = await getEnvironment(process.argv.slice(2), process.env);
    const settings = getSettings(env);
    // In standby it is a mount that was not there when we were started.
    process.chdir(settings.workspace);
    const supervisor = await startSupervisor(settings, env, fail);
    console.error(`cspace-supervisor ${VERSION} listens on ${supervisor.port}`);
    const stop = (signal: string) => {
      setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref();
      void supervisor.stop(`the supervisor was ended by ${signal}`).then(() => process.exit(0), fail);
    };
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.once(signal, stop);
  } catch (error) {
    fail(error);
  }
}

if (import.meta.main) await main();
