import { execa, type Options } from 'execa';
import { BASE_ENV } from './base-env.ts';
import type { Owner } from './owner.ts';

export { BASE_ENV };

export interface RunOptions {
  /** The wait ends then with `timedOut`; every foreign program gets a deadline. */
  timeoutMs: number;
  signal?: AbortSignal;
  cwd?: string;
  /** Added to BASE_ENV; the caller's own environment is not passed on. */
  env?: Record<string, string>;
  input?: string;
  /** Run as this user instead of ourselves (needs root). */
  owner?: Owner;
  /** Called with each line as it comes, from both streams. */
  onLine?: (line: string) => void;
  /** False for a stream without end that is read by `onLine`: its output is then not gathered as well. */
  keepOutput?: boolean;
  /** A program that writes more on one stream is ended: for output that nobody vouches for. */
  maxBytes?: number;
  /** A file to append both streams to; for programs whose children keep them open (podman start). */
  outputFile?: string;
}

/** Failure has the shape of success: read `ok` first. */
export interface RunResult {
  ok: boolean;
  /** Undefined where it was not started or was killed. */
  exitCode: number | undefined;
  signal: string | undefined;
  timedOut: boolean;
  cancelled: boolean;
  /** It was ended because it wrote more than `maxBytes`. */
  tooMuch: boolean;
  /** The program does not exist or may not be executed. */
  notFound: boolean;
  stdout: string;
  stderr: string;
  /** The command line, for messages. */
  command: string;
}

const KILL_AFTER_MS = 3000;

/** Runs one program to its end. Never throws for what the program does; `argv` is never seen by a shell. */
export async function run(argv: readonly string[], options: RunOptions): Promise<RunResult> {
  const [file, ...args] = argv;
  if (file === undefined) throw new TypeError('run: empty argv');
  const child = execa(file, args, getExecaOptions(options));
  if (options.onLine) {
    const { onLine } = options;
    void (async () => {
      for await (const line of child.iterable({ from: 'all' })) onLine(String(line));
    })().catch(() => undefined);
  }
  const result = await child;
  return {
    ok: !result.failed,
    exitCode: result.exitCode,
    signal: result.signal,
    timedOut: result.timedOut,
    cancelled: result.isCanceled,
    tooMuch: result.isMaxBuffer,
    notFound: result.code === 'ENOENT' || result.code === 'EACCES',
    stdout: String(result.stdout ?? ''),
    stderr: String(result.stderr ?? ''),
    command: result.escapedCommand,
  };
}

function getExecaOptions(options: RunOptions): Options & { reject: false } {
  const { owner, signal, input, cwd, outputFile } = options;
  const changesUser = owner !== undefined && owner.uid !== process.getuid?.();
  return {
    reject: false,
    extendEnv: false,
    env: { ...BASE_ENV, ...options.env },
    timeout: options.timeoutMs,
    forceKillAfterDelay: KILL_AFTER_MS,
    stripFinalNewline: true,
    all: options.onLine !== undefined,
    ...(options.keepOutput === false ? { buffer: false } : {}),
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    ...(options.maxBytes === undefined ? {} : { maxBuffer: options.maxBytes }),
    ...(signal === undefined ? {} : { cancelSignal: signal }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(changesUser ? { uid: owner.uid, gid: owner.gid } : {}),
    ...(outputFile === undefined
      ? {}
      : { stdout: { file: outputFile, append: true }, stderr: { file: outputFile, append: true } }),
  };
}

/** The last lines of what a program wrote, for the `why` of a problem. */
export function getTail(text: string, lines = 8): string {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}
