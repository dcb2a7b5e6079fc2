import { spawn } from 'node:child_process';
import { BASE_ENV } from './exec.ts';
import { type ProcessId, readProcessId } from './process-id.ts';

export interface HandedProcess extends ProcessId {
  /** Resolved when it has ended, with how: in words. */
  ended: Promise<string>;
  /** The last of what it wrote on stderr, while we are there to hear it. */
  getErrorText(): string;
}

const KEPT_CHARACTERS = 4096;

/**
 * Starts a program that outlives us, in a session of its own, with `files` as its descriptors 3 and up; ours stay open.
 * What it writes on stderr is bounded by being a pipe to us: nobody keeps it once we are gone. Undefined where it could
 * not be started.
 */
export async function spawnHanded(
  argv: readonly string[],
  files: readonly number[],
): Promise<HandedProcess | string> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', ...files],
    env: BASE_ENV,
  });
  let text = '';
  child.stderr?.on('data', (part: Buffer) => {
    text = (text + part.toString('utf8')).slice(-KEPT_CHARACTERS);
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ENOENT' ? `${program} is not installed` : error.message),
    );
    // Not `exit`: the last of its stderr may still be on the way.
    child.once('close', (code, signal) => resolve(signal === null ? `exit ${code}` : `killed by ${signal}`));
  });
  child.unref();
  const id = child.pid === undefined ? undefined : readProcessId(child.pid);
  return id ? { ...id, ended, getErrorText: () => text.trim() } : `${await ended} ${text}`.trim();
}
