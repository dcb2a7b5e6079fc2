import { once } from 'node:events';
import { getOwner } from '../system/owner.ts';
import type { CliContext, Input, Output } from './context.ts';
import { findGuest } from './guest.ts';
import { getSelf } from './self.ts';

/** The context of a real process. The second signal ends the process at once. */
export function createProcessContext(): CliContext {
  const abort = new AbortController();
  const onSignal = () => {
    if (abort.signal.aborted) process.exit(130);
    abort.abort(new DOMException('interrupted', 'AbortError'));
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The reader left (`cspace logs | head`): nobody is there to tell anything to.
      if (error.code === 'EPIPE') process.exit(141);
    });
  }
  return {
    argv: process.argv.slice(2),
    stdin: createInput(),
    stdout: createOutput(process.stdout),
    stderr: createOutput(process.stderr),
    env: process.env,
    cwd: process.cwd(),
    owner: getOwner(),
    guest: findGuest(process.env),
    signal: abort.signal,
    onResize(listener) {
      process.on('SIGWINCH', listener);
      return () => process.off('SIGWINCH', listener);
    },
    self: getSelf(),
  };
}

/** Ends the output. Resolves when all that was written has left the process, however slowly it is read. */
export async function endOutput(): Promise<void> {
  // Bun calls back after an empty write though what was written before it still waits for its reader.
  const end = (stream: NodeJS.WriteStream) => new Promise<void>((resolve) => stream.end(() => resolve()));
  await Promise.all([end(process.stdout), end(process.stderr)]);
}

function createOutput(stream: NodeJS.WriteStream): Output {
  let drained: Promise<void> | undefined;
  const drain = async () => {
    await once(stream, 'drain');
    drained = undefined;
  };
  return {
    write(data) {
      if (stream.write(data)) return undefined;
      drained ??= drain();
      return drained;
    },
    isTerminal: stream.isTTY === true,
    colours: stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb',
    // A terminal that was never told its size says 0.
    get columns() {
      return stream.columns || 80;
    },
    get rows() {
      return stream.rows || 24;
    },
  };
}

function createInput(): Input {
  return {
    isTerminal: process.stdin.isTTY === true,
    readAll: () => Bun.stdin.text(),
    chunks: () => process.stdin as AsyncIterable<Uint8Array>,
    setRaw: (raw) => {
      if (process.stdin.isTTY) process.stdin.setRawMode(raw);
    },
  };
}
