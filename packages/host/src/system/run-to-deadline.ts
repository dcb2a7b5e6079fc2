import { spawn } from 'node:child_process';
import { BASE_ENV } from './exec.ts';

export interface DeadlineOptions {
  /** The program is killed then, with all of its process group. */
  timeoutMs: number;
  /** Killed at once. */
  signal: AbortSignal;
  /** An open file that the program has as descriptor 3; stays the caller's. */
  descriptor?: number;
}

export interface DeadlineResult {
  /** Undefined where it was killed, or not started. */
  exitCode: number | undefined;
  /** Why it could not be started. */
  trouble: string | undefined;
  timedOut: boolean;
  /** The pid of what is still there after SIGKILL: it hangs in the kernel. */
  left: number | undefined;
  stdout: string;
  stderr: string;
}

/** A process that is in the kernel for good does not die of SIGKILL: then nobody waits for it any longer. */
const KILL_WAIT_MS = 5000;
/** What it wrote last, once it is gone. */
const DRAIN_MS = 500;
const MAX_CHARACTERS = 64 * 1024;

/**
 * Runs a program that nobody vouches for: SIGKILL and nothing gentler at its deadline, to its whole process group, and the
 * result says whether it is really gone. Give it a `setpriv --pdeathsig KILL` where we may be killed ourselves.
 */
export function runToDeadline(argv: readonly string[], options: DeadlineOptions): Promise<DeadlineResult> {
  const [file = '', ...args] = argv;
  const result: DeadlineResult = {
    exitCode: undefined,
    trouble: undefined,
    timedOut: false,
    left: undefined,
    stdout: '',
    stderr: '',
  };
  const { promise, resolve } = Promise.withResolvers<DeadlineResult>();
  const child = spawn(file, args, {
    // A process group of its own, and out of reach of the terminal's Ctrl-C: that comes as `signal`.
    detached: true,
    cwd: '/',
    env: { ...BASE_ENV },
    stdio: ['ignore', 'pipe', 'pipe', options.descriptor ?? 'ignore'],
  });
  const keep = (name: 'stdout' | 'stderr') => (chunk: unknown) => {
    if (result[name].length < MAX_CHARACTERS) result[name] += String(chunk);
  };
  child.stdout?.on('data', keep('stdout'));
  child.stderr?.on('data', keep('stderr'));
  const timers: NodeJS.Timeout[] = [];
  const after = (ms: number, work: () => void) => void timers.push(setTimeout(work, ms));
  const finish = () => {
    for (const timer of timers) clearTimeout(timer);
    options.signal.removeEventListener('abort', kill);
    child.stdout?.destroy();
    child.stderr?.destroy();
    resolve(result);
  };
  function kill(): void {
    if (child.pid === undefined) return;
    killGroup(child.pid);
    after(KILL_WAIT_MS, () => {
      result.left = child.pid;
      child.unref();
      finish();
    });
  }
  after(options.timeoutMs, () => {
    result.timedOut = true;
    kill();
  });
  child.on('error', (error) => {
    result.trouble = error.message;
    finish();
  });
  child.on('exit', (code) => {
    result.exitCode = code ?? undefined;
    after(DRAIN_MS, finish);
  });
  child.on('close', finish);
  options.signal.addEventListener('abort', kill, { once: true });
  if (options.signal.aborted) kill();
  return promise;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
