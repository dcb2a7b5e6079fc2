import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { BASE_ENV } from './exec.ts';
import { type ProcessId, readProcessId } from './process-id.ts';

/** A program that we talk to while it starts, and that outlives us. */
export interface WatchedProcess {
  /** Undefined where it could not be started. */
  id: ProcessId | undefined;
  /** How it ended, in words, once it has. */
  ended: Promise<string>;
  /** Resolved when it has written that; never, where it does not. */
  waitForText(stream: 'stdout' | 'stderr', text: string): Promise<void>;
  /** To its stdin, which is closed then. */
  say(text: string): void;
  /** The last of what it wrote on stderr, while we are there to hear it. */
  getErrorText(): string;
}

const KEPT_CHARACTERS = 4096;

/**
 * Starts a program in a session of its own, with `files` as its descriptors 3 and up; ours stay open. Its output is
 * bounded by being a pipe to us: nobody keeps it once we are gone, and it has to bear that.
 */
export function spawnWatched(argv: readonly string[], files: readonly number[]): WatchedProcess {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', ...files],
    env: BASE_ENV,
  });
  const stdout = keepTail(child.stdout);
  const stderr = keepTail(child.stderr);
  // It may end before it has heard us: `ended` says so.
  child.stdin?.on('error', () => undefined);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ENOENT' ? `${program} is not installed` : error.message),
    );
    // Not `exit`: the last of its words may still be on the way.
    child.once('close', (code, signal) => resolve(signal === null ? `exit ${code}` : `killed by ${signal}`));
  });
  child.unref();
  return {
    id: child.pid === undefined ? undefined : readProcessId(child.pid),
    ended,
    waitForText: (stream, text) => (stream === 'stdout' ? stdout : stderr).waitFor(text),
    say: (text) => void child.stdin?.end(text),
    getErrorText: () => stderr.getText().trim(),
  };
}

function keepTail(stream: Readable | null) {
  let text = '';
  let check = () => {};
  stream?.on('data', (part: Buffer) => {
    text = (text + part.toString('utf8')).slice(-KEPT_CHARACTERS);
    check();
  });
  return {
    getText: () => text,
    waitFor: (wanted: string) =>
      new Promise<void>((resolve) => {
        check = () => {
          if (text.includes(wanted)) resolve();
        };
        check();
      }),
  };
}
