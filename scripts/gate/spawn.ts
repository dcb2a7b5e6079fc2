import { spawn } from 'node:child_process';

export interface Ended {
  /** 128 + n where signal n ended it; 127 where it could not be started. */
  code: number;
  /** Of the group, too; undefined where it could not be started. */
  pid: number | undefined;
  timedOut: boolean;
  /** Both streams, where they were captured. */
  output: string;
  ms: number;
}

export interface SpawnOptions {
  env: Record<string, string | undefined>;
  deadlineMs: number;
  /** Keep the output for later instead of showing it as it comes. */
  capture?: boolean;
}

/** Between the request to end and the kill: time for a lab to end what runs in it. */
const GRACE_MS = 15_000;

/** Process groups that run; whoever ends us ends them too. */
export type Groups = Set<number>;

/** Runs a program in a process group of its own and ends the whole group when the deadline is over. Never throws. */
export function runGroup(
  argv: readonly [string, ...string[]],
  options: SpawnOptions,
  groups: Groups,
): Promise<Ended> {
  const [file, ...args] = argv;
  const start = performance.now();
  return new Promise((resolve) => {
    const stdio = options.capture ? 'pipe' : 'inherit';
    const child = spawn(file, args, { env: options.env, detached: true, stdio: ['ignore', stdio, stdio] });
    const { pid } = child;
    if (pid !== undefined) groups.add(pid);
    let timedOut = false;
    let output = '';
    const keep = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    const kill = (signal: NodeJS.Signals): void => signalGroup(pid, signal);
    let force: ReturnType<typeof setTimeout> | undefined;
    const deadline = setTimeout(() => {
      timedOut = true;
      kill('SIGTERM');
      force = setTimeout(() => kill('SIGKILL'), GRACE_MS);
    }, options.deadlineMs);
    const end = (code: number): void => {
      clearTimeout(deadline);
      clearTimeout(force);
      kill('SIGKILL'); // what outlived the group's first process
      if (pid !== undefined) groups.delete(pid);
      resolve({ code, pid, timedOut, output, ms: performance.now() - start });
    };
    child.on('error', (error) => {
      output += `${error.message}\n`;
      end(127);
    });
    // Not 'close': a grandchild in another session may hold the pipes open for ever.
    child.on('exit', (code, signal) => setTimeout(() => end(code ?? getSignalCode(signal)), 20));
  });
}

function getSignalCode(signal: NodeJS.Signals | null): number {
  return signal === 'SIGKILL' ? 137 : signal === 'SIGINT' ? 130 : 143;
}

/** Sends a signal to a whole process group; nothing where it is gone. */
export function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // gone already
  }
}
