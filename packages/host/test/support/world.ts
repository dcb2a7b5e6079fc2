import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { SubstrateKind } from '@cspace/protocol/sandbox';
import { installStandIn, type StandIn } from '../apple/install.ts';
import { APPLE_VERSION, getSlowness, patient, SUBSTRATE } from './substrate-under-test.ts';

const MAIN = resolve(import.meta.dir, '../../src/main.ts');
const TIMEOUT_MS = 120_000;

export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  cwd?: string;
  env?: Record<string, string>;
  input?: string;
  /** A file, or a FIFO that is being read, in the place of a pipe: Bun reads its own whether it is asked or not. */
  stdoutTo?: string;
  /** For a sandbox that is a container. */
  timeoutMs?: number;
}

/** A home, a repository and a HOME of their own, and the CLI in them. */
export interface World {
  folder: string;
  /** CSPACE_HOME */
  home: string;
  repo: string;
  /** Apple's `container`, where sandboxes are made of that. */
  standIn: StandIn | undefined;
  cspace(args: string[], options?: CliOptions): Promise<CliResult>;
  /** The CLI, running on: for what is killed or followed. */
  start(args: string[], options?: CliOptions): Bun.Subprocess<'ignore', 'pipe', 'pipe'>;
  /** The CLI on a terminal of 80 columns and 24 lines. */
  startOnTerminal(args: string[], options?: CliOptions): OnTerminal;
  git(args: string[], cwd?: string): string;
  dispose(): Promise<void>;
}

export interface OnTerminal {
  /** What it has shown so far. */
  getText(): string;
  type(text: string): void;
  resize(columns: number, lines: number): void;
  exited: Promise<number>;
}

export interface WorldOptions {
  /** Of the home; network and such. */
  config?: Record<string, unknown>;
  /** Added to every call. */
  env?: Record<string, string>;
  project?: string;
  /** The argv of the CLI, its own arguments to follow; by default Bun with the main file of this checkout. */
  command?: string[];
  /** Whose the world is; by default whoever runs the test. */
  owner?: { uid: number; gid: number };
  /** On the same Mac: what runs its machines is one, whatever homes there are. That world goes last. */
  beside?: World;
  /** What the sandboxes are made of; by default what this run of the suites is about. */
  substrate?: SubstrateKind;
}

/** Makes a world; `dispose` removes its sandboxes, ends its daemon and deletes its folders. */
export function createWorld(options: WorldOptions = {}): World {
  const folder = mkdtempSync(join(tmpdir(), 'cspace-world-'));
  const home = join(folder, 'home');
  const repo = join(folder, options.project ?? 'shop');
  for (const path of [home, repo, join(folder, 'user')]) mkdirSync(path, { mode: 0o700 });
  writeFileSync(join(home, 'config.json'), JSON.stringify(options.config ?? {}));
  const command = options.command ?? [process.execPath, MAIN];
  const { substrate = SUBSTRATE } = options;
  const getTimeout = ({ timeoutMs = TIMEOUT_MS }: CliOptions) => timeoutMs * getSlowness(substrate);
  const hasStandIn = substrate === 'apple' && process.platform !== 'darwin';
  const made = hasStandIn && !options.beside ? makeStandIn(join(folder, 'apple')) : undefined;
  const standIn = made ?? options.beside?.standIn;
  const env = {
    PATH: process.env.PATH ?? '',
    LANG: 'C.UTF-8',
    HOME: join(folder, 'user'),
    CSPACE_HOME: home,
    CSPACE_TEST_SCRIPTS: '1',
    CSPACE_SUBSTRATE: substrate,
    ...(standIn && { CSPACE_TEST_APPLE_TOOLS: standIn.bin }),
    ...options.env,
  };
  const git = (args: string[], cwd = repo) => {
    const child = Bun.spawnSync(['git', ...args], { cwd, env, timeout: 30_000 });
    if (child.exitCode !== 0) throw new Error(`git ${args.join(' ')}: ${child.stderr.toString()}`);
    return child.stdout.toString().trim();
  };
  git(['config', '--global', 'user.name', 'Ada Lovelace']);
  git(['config', '--global', 'user.email', 'ada@example.org']);
  git(['init', '-q', '-b', 'main']);
  writeFileSync(join(repo, 'README.md'), '# shop\n');
  git(['add', '.']);
  git(['commit', '-qm', 'first commit, never pushed']);

  if (options.owner) {
    const { uid, gid } = options.owner;
    Bun.spawnSync(['chown', '-R', `${uid}:${gid}`, folder], { timeout: 30_000 });
  }

  const start = (args: string[], cli: CliOptions = {}) =>
    Bun.spawn([...(cli.stdoutTo ? ['sh', '-c', 'exec "$@" >"$0"', cli.stdoutTo] : []), ...command, ...args], {
      cwd: cli.cwd ?? repo,
      env: { ...env, ...cli.env },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
      timeout: getTimeout(cli),
    });

  function startOnTerminal(args: string[], cli: CliOptions = {}): OnTerminal {
    const shown: Buffer[] = [];
    const child = Bun.spawn([...command, ...args], {
      cwd: cli.cwd ?? repo,
      env: { ...env, TERM: 'xterm', ...cli.env },
      timeout: getTimeout(cli),
      terminal: { cols: 80, rows: 24, data: (_, bytes) => void shown.push(Buffer.from(bytes)) },
    });
    return {
      getText: () => Buffer.concat(shown).toString(),
      type: (text) => void child.terminal?.write(text),
      resize: (columns, lines) => child.terminal?.resize(columns, lines),
      exited: child.exited.finally(() => child.terminal?.close()),
    };
  }

  async function cspace(args: string[], cli: CliOptions = {}): Promise<CliResult> {
    const child = Bun.spawn([...command, ...args], {
      cwd: cli.cwd ?? repo,
      env: { ...env, ...cli.env },
      stdin: new TextEncoder().encode(cli.input ?? ''),
      stdout: 'pipe',
      stderr: 'pipe',
      timeout: getTimeout(cli),
    });
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { code, stdout, stderr };
  }

  return {
    folder,
    home,
    repo,
    standIn,
    cspace,
    start,
    startOnTerminal,
    git,
    async dispose() {
      const list = await cspace(['ls', '--json']);
      const sandboxes = (list.code === 0 ? JSON.parse(list.stdout).sandboxes : []) as {
        project: string;
        sandbox: string;
      }[];
      for (const { project, sandbox } of sandboxes) {
        await cspace(['rm', '--force', `${project}/${sandbox}`]);
      }
      await cspace(['daemon', 'stop']);
      await waitForDaemonExit(home);
      await made?.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function makeStandIn(folder: string): StandIn {
  mkdirSync(folder);
  return installStandIn({ folder, version: APPLE_VERSION });
}

/** The daemon answers `stop` before it has left: its lock file names it. */
async function waitForDaemonExit(home: string): Promise<void> {
  const pid = getDaemonPid(home);
  const deadline = performance.now() + 20_000;
  while (pid !== undefined && isAlive(pid)) {
    if (performance.now() > deadline) throw new Error(`the daemon ${pid} of ${home} does not leave`);
    await Bun.sleep(20);
  }
}

export function getDaemonPid(home: string): number | undefined {
  try {
    return Number(readFileSync(join(home, 'daemon.lock'), 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Repeats until it is true; throws with `what` after the deadline, which is one for containers. */
export async function waitUntil(
  what: string,
  check: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = performance.now() + patient(timeoutMs);
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`not within ${patient(timeoutMs)} ms: ${what}`);
    await Bun.sleep(25);
  }
}
