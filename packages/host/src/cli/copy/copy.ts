import { ProblemError } from '@cspace/protocol/problem';
import type { OnOutput } from '../../client/exec-socket.ts';
import { getTail } from '../../system/exec.ts';

/** What was copied. */
export interface Copied {
  files: number;
  bytes: number;
  /** Paths of what could not be: devices, sockets, and links that lead out of what is copied. */
  leftOut: string[];
}

/** Runs a program in the sandbox, in `/workspace`; resolves with its exit code. */
export type Run = (
  argv: readonly string[],
  streams: { input: AsyncIterable<Uint8Array> | undefined; onOutput: OnOutput },
) => Promise<number>;

export interface CopyOptions {
  run: Run;
  onProgress(copied: Copied): void;
}

export interface RunCheckedOptions extends CopyOptions {
  input?: AsyncIterable<Uint8Array>;
  onBytes?(bytes: Uint8Array): Promise<void>;
}

/** A script's exit code where its path leads nowhere. */
export const NOT_FOUND = 44;
/** Of stderr, for a person. */
const MOST_SAID = 4096;
const SAID_LINES = 5;

/** Throws `not-found`, or `failed` with what the script wrote to its stderr. */
export async function runChecked(argv: readonly string[], options: RunCheckedOptions): Promise<void> {
  const { run, input, onBytes } = options;
  let said = '';
  const onOutput: OnOutput = (stream, bytes) => {
    if (stream === 1) return onBytes?.(bytes);
    said = (said + Buffer.from(bytes).toString()).slice(-MOST_SAID);
    return undefined;
  };
  const code = await run(argv, { input, onOutput });
  if (code === 0) return;
  if (code === NOT_FOUND)
    throw new ProblemError({ code: 'not-found', message: `${argv.at(-1)} is not there in the sandbox` });
  const why = getTail(said, SAID_LINES) || `exit code ${code}`;
  throw new ProblemError({ code: 'failed', message: 'the sandbox could not copy', why });
}
