import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventType, parseEvent, type SandboxEvent } from '@cspace/protocol/event';
import type { Health } from '@cspace/protocol/supervisor-api';
import { type ScriptedModel, startScriptedModel } from '../../host/src/model/testing.ts';
import { sweepAgents } from '../src/orphans.ts';

const ROOT = join(import.meta.dir, '..', '..', '..');
const BUN = process.execPath;
const MAIN = join(import.meta.dir, '..', 'src', 'main.ts');
const TOKEN = 'test-token';
const WAIT_MS = 15_000;
/** A few starts of Claude Code on a busy machine. */
export const TEST_MS = 60_000;

/** The real Claude Code, as the SDK's package brings it. */
export const CLAUDE = join(
  ROOT,
  `node_modules/@anthropic-ai/claude-agent-sdk-${process.platform}-${process.arch}/claude`,
);

type EventOf<T extends EventType> = Extract<SandboxEvent, { type: T }>;

/** A supervisor as its own process with folders of its own, and a model that does what it is told. */
export interface World {
  model: ScriptedModel;
  folder: string;
  sessionFolder: string;
  workspace: string;
  /** Pid of the supervisor. */
  readonly pid: number;
  start(env?: Record<string, string>): Promise<void>;
  /** One that waits for its environment, which `go` gives it through a pipe. */
  startStandby(): Promise<{ go(): Promise<void> }>;
  /** One more supervisor for the same session; rejects with what it said when it ends. */
  startAnother(): Promise<void>;
  /** SIGTERM, and resolves with its exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL of the supervisor alone. */
  kill(): Promise<void>;
  call(path: string, init?: RequestInit): Promise<Response>;
  send(text: string, id?: string): Promise<string>;
  health(): Promise<Health>;
  events(): Promise<SandboxEvent[]>;
  of<T extends EventType>(type: T, turn?: string): Promise<EventOf<T>[]>;
  /** The end of a turn, waited for. */
  ended(turn: string, timeoutMs?: number): Promise<EventOf<'turn.ended'>>;
  until<T>(what: string, get: () => Promise<T | undefined | false>, timeoutMs?: number): Promise<T>;
  /** Pid of Claude Code itself. */
  agentPid(): Promise<number>;
  /** Pids of the agent's processes. */
  agentPids(): Promise<number[]>;
  transcript(): Promise<string>;
  close(): Promise<void>;
}

/**
 * Makes the folders and the model; the supervisor is started by `start`. `main` is what Bun runs as the supervisor.
 * Throws where Claude Code was not installed: these suites have no meaning without it.
 */
export async function createWorld(main = MAIN): Promise<World> {
  if (!existsSync(CLAUDE)) throw new Error(`Claude Code is not installed (${CLAUDE}): run npm ci`);
  const folder = await mkdtemp(join(tmpdir(), 'cspace-supervisor-'));
  const [sessionFolder, workspace, home, tmp] = ['session', 'workspace', 'home', 'tmp'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  for (const each of [sessionFolder, workspace, home, tmp]) await mkdir(each);
  const model = await startScriptedModel();
  let child: Bun.Subprocess<'ignore', 'ignore', 'pipe'> | undefined;
  let port = 0;
  const running = () => {
    if (!child) throw new Error('the supervisor was not started');
    return child;
  };

  const environment = {
    PATH: process.env.PATH ?? '',
    LANG: 'C.UTF-8',
    HOME: home,
    TMPDIR: tmp,
    CLAUDE_CODE_TMPDIR: tmp,
    ANTHROPIC_BASE_URL: model.url,
    ANTHROPIC_API_KEY: 'sk-ant-dummy',
    CLAUDE_CODE_MAX_RETRIES: '0',
    CSPACE_SUPERVISOR_TOKEN: TOKEN,
    CSPACE_SUPERVISOR_HOST: '127.0.0.1',
    CSPACE_SUPERVISOR_PORT: '0',
    CSPACE_SESSION_FOLDER: sessionFolder,
    CSPACE_WORKSPACE: workspace,
    CSPACE_CLAUDE: CLAUDE,
    CSPACE_MODEL: 'claude-sonnet-4-5',
  };
  const spawn = (env: Record<string, string>, args: readonly string[] = []) =>
    Bun.spawn([BUN, main, ...args], { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe', env });

  const world: World = {
    model,
    folder,
    sessionFolder,
    workspace,
    get pid() {
      return running().pid;
    },
    async start(env = {}) {
      child = spawn({ ...environment, ...env });
      port = await readPort(child.stderr);
    },
    async startStandby() {
      const fifo = join(folder, 'standby');
      Bun.spawnSync(['mkfifo', fifo]);
      const waiting = spawn({ PATH: environment.PATH }, ['--standby', fifo]);
      child = waiting;
      return {
        async go() {
          const text = Object.entries(environment).map(([name, value]) => `${name}=${value}\0`);
          await writeFile(fifo, text.join(''));
          port = await readPort(waiting.stderr);
        },
      };
    },
    async startAnother() {
      const another = spawn(environment);
      try {
        await readPort(another.stderr);
      } finally {
        another.kill('SIGKILL');
      }
    },
    async stop() {
      running().kill('SIGTERM');
      return within(running().exited, 'the supervisor did not end');
    },
    async kill() {
      running().kill('SIGKILL');
      await running().exited;
    },
    call: (path, init = {}) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        signal: AbortSignal.timeout(WAIT_MS),
        ...init,
        headers: { authorization: `Bearer ${TOKEN}`, ...init.headers },
      }),
    async send(text, id) {
      const body = JSON.stringify({ text, ...(id ? { id } : {}) });
      const response = await world.call('/send', { method: 'POST', body });
      if (response.status !== 202) throw new Error(`send: ${response.status} ${await response.text()}`);
      return ((await response.json()) as { id: string }).id;
    },
    health: async () => (await (await world.call('/health')).json()) as Health,
    async events() {
      const text = await readFile(join(sessionFolder, 'events.ndjson'), 'utf8').catch(() => '');
      return text.split('\n').flatMap((line) => parseEvent(line) ?? []);
    },
    async of(type, turn) {
      const all = await world.events();
      return all.filter(
        (each): each is EventOf<typeof type> => each.type === type && (!turn || each.turn === turn),
      );
    },
    ended: (turn, timeoutMs) =>
      world.until(`end of ${turn}`, async () => (await world.of('turn.ended', turn))[0], timeoutMs),
    async until(what, get, timeoutMs = WAIT_MS) {
      const deadline = performance.now() + timeoutMs;
      while (performance.now() < deadline) {
        const value = await get();
        if (value) return value;
        await Bun.sleep(20);
      }
      const all = (await world.events()).map((each) => ({ ...each, raw: undefined }));
      throw new Error(
        `waited ${timeoutMs} ms for ${what}; events:\n${all.map((e) => JSON.stringify(e)).join('\n')}`,
      );
    },
    agentPid: () =>
      world.until('the agent', async () => {
        for (const pid of await world.agentPids()) {
          const link = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
          if (link.startsWith(CLAUDE)) return pid;
        }
        return undefined;
      }),
    agentPids: () => findMarked(sessionFolder),
    async transcript() {
      const { session } = await world.health();
      const projects = join(home, '.claude', 'projects');
      const [project = ''] = await readdir(projects);
      return join(projects, project, `${session}.jsonl`);
    },
    async close() {
      if (child && child.exitCode === null && child.signalCode === null) await world.kill();
      await sweepAgents(sessionFolder);
      await model.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return world;
}

/** Reads on after that: a supervisor whose stderr nobody reads would get SIGPIPE. */
async function readPort(stderr: ReadableStream<Uint8Array>): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  void (async () => {
    let text = '';
    for await (const chunk of stderr) {
      text = (text + new TextDecoder().decode(chunk)).slice(-4000);
      const port = /listens on (\d+)/.exec(text)?.[1];
      if (port) resolve(Number(port));
    }
    reject(new Error(`the supervisor ended: ${text}`));
  })();
  return within(promise, 'the supervisor did not start');
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(what)), WAIT_MS);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function findMarked(mark: string): Promise<number[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    names.map(async (name) => {
      const environ = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
      return environ.split('\0').includes(`CSPACE_AGENT=${mark}`) ? [Number(name)] : [];
    }),
  );
  return found.flat();
}
