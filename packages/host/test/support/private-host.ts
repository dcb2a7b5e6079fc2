import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** What scripts/test-packages brought: programs of other hosts, unpacked. */
const PACKAGES = resolve(import.meta.dir, '../../../../dist/test-packages/root');
const TIMEOUT_MS = 60_000;

/** Why a test with those programs cannot run here; undefined where it can. */
export function getPackagesObstacle(): string | undefined {
  return existsSync(PACKAGES) ? undefined : 'its programs are not there: scripts/test-packages brings them';
}

/**
 * A host of its own as far as names go: a mount namespace in which /etc is a copy, which commands may change as they like.
 * The daemon, the CLI and whoever looks up names have to run in it together. Needs root.
 */
export interface PrivateHost {
  /** Put before an argv, runs that in the host, in the folder and environment of the caller. */
  readonly enter: readonly string[];
  /** The arguments of nsenter(1) that lead into it. */
  readonly namespaces: readonly string[];
  /** The folder that is /etc in there. */
  readonly etc: string;
  run(argv: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** A command that runs on; ended by `dispose`. */
  start(argv: readonly string[], options?: RunOptions): Bun.Subprocess;
  /** One line for each entry below /etc: kind, mode, owner, and what it holds. */
  listEtc(): string[];
  dispose(): Promise<void>;
}

export interface RunOptions {
  env?: Record<string, string>;
  cwd?: string;
}

export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface PrivateHostOptions {
  /** A network namespace of its own too, with loopback up; else that of the caller. */
  network?: boolean;
  /** An empty /run. Never where podman is called: it would take that for a reboot of the machine. */
  run?: boolean;
  /** Lay scripts/test-packages over /usr. */
  packages?: boolean;
  /** A shell script that is run in it, as root, before anything else. */
  setup?: string;
}

export async function createPrivateHost(options: PrivateHostOptions = {}): Promise<PrivateHost> {
  const folder = mkdtempSync(join(tmpdir(), 'cspace-etc-'));
  const etc = join(folder, 'etc');
  const holder = Bun.spawn(
    [
      ...['unshare', '--mount', '--propagation', 'private', ...(options.network ? ['--net'] : [])],
      ...['sh', '-ec', getScript(options, etc)],
    ],
    { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
  );
  const started: Bun.Subprocess[] = [];
  const of = (kind: string) => `--${kind}=/proc/${holder.pid}/ns/${kind === 'mount' ? 'mnt' : kind}`;
  const namespaces = [of('mount'), ...(options.network ? [of('net')] : [])];
  // nsenter itself goes to the root folder.
  const enter = ['sh', '-c', `exec nsenter ${namespaces.join(' ')} -- env -C "$(pwd)" -- "$@"`, 'sh'];
  const end = async (child: Bun.Subprocess) => {
    child.kill('SIGTERM');
    const killing = setTimeout(() => child.kill('SIGKILL'), 5000);
    await child.exited;
    clearTimeout(killing);
  };

  async function dispose() {
    for (const child of started.toReversed()) await end(child);
    holder.kill('SIGKILL');
    await holder.exited;
    rmSync(folder, { recursive: true, force: true });
  }

  if (!(await waitForLine(holder.stdout))) {
    const why = await new Response(holder.stderr).text();
    await dispose();
    throw new Error(`no private host: ${why}`);
  }
  const spawn = (argv: readonly string[], { env, cwd }: RunOptions, timeout?: number) =>
    Bun.spawn([...enter, ...argv], {
      cwd: cwd ?? '/',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', ...env },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
      ...(timeout === undefined ? {} : { timeout }),
    });
  return {
    enter,
    namespaces,
    etc,
    async run(argv, runOptions = {}) {
      const child = spawn(argv, runOptions, TIMEOUT_MS);
      const [stdout, stderr, code] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      return { code, stdout, stderr };
    },
    start(argv, runOptions = {}) {
      const child = spawn(argv, runOptions);
      started.push(child);
      return child;
    },
    listEtc: () => listTree(etc),
    dispose,
  };
}

function getScript({ run, packages, network, setup }: PrivateHostOptions, etc: string): string {
  return [
    `cp -a /etc ${etc}`,
    // What is a mount of a container's own becomes a file like any other.
    `mount --bind ${etc} /etc`,
    packages ? `mount -t overlay overlay -o ro,lowerdir=${PACKAGES}/usr:/usr /usr` : '',
    run ? 'mount -t tmpfs -o mode=755 tmpfs /run' : '',
    network ? 'ip link set lo up' : '',
    setup ?? '',
    'echo ready',
    'exec sleep 3600',
  ].join('\n');
}

/** Whether a line came before the end. The rest of the stream is left alone. */
async function waitForLine(stream: ReadableStream<Uint8Array>): Promise<boolean> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  for (let text = ''; ; ) {
    const { done, value } = await reader.read();
    if (done) return false;
    text += decoder.decode(value, { stream: true });
    if (text.includes('ready\n')) return true;
  }
}

function listTree(folder: string, at = ''): string[] {
  const here = join(folder, at);
  return readdirSync(here)
    .sort()
    .flatMap((name) => {
      const path = join(here, name);
      const found = lstatSync(path);
      const what = found.isSymbolicLink()
        ? `-> ${readlinkSync(path)}`
        : found.isFile()
          ? createHash('sha256').update(readFileSync(path)).digest('hex')
          : '';
      const line = `${join(at, name)} ${found.mode.toString(8)} ${found.uid}:${found.gid} ${found.nlink} ${what}`;
      return found.isDirectory() ? [line, ...listTree(folder, join(at, name))] : [line];
    });
}
