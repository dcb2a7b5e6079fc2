import type { ExecRequest } from '@cspace/protocol/daemon-api';
import type { SandboxRef } from '@cspace/protocol/names';
import { connectDaemon } from '../client/connect.ts';
import { type ExecSession, type OnOutput, openExec } from '../client/exec-socket.ts';
import type { CliContext } from './context.ts';

export interface RunOptions {
  ref: SandboxRef;
  argv: readonly string[];
  tty: boolean;
  /** What the command has as its input; it ends there too where this throws, which is thrown once the command has ended. */
  input?: AsyncIterable<Uint8Array> | undefined;
  user: 'dev' | 'root';
  cwd: string;
  /** By default its output is ours. */
  onOutput?: OnOutput | undefined;
}

/** How long a command may take to end after Ctrl-C was passed on to it; the second Ctrl-C ends us at once. */
const INTERRUPT_GRACE_MS = 10_000;

/** Runs a command in a sandbox, with our terminal or our pipes, and returns its exit code. */
export async function runInSandbox(context: CliContext, options: RunOptions): Promise<number> {
  const { socket } = await connectDaemon(context);
  // Ctrl-C belongs to the command while it runs.
  const cut = new AbortController();
  const session = await openExec({
    socket,
    ref: options.ref,
    request: getRequest(context, options),
    onOutput:
      options.onOutput ?? ((stream, bytes) => (stream === 1 ? context.stdout : context.stderr).write(bytes)),
    signal: cut.signal,
  });
  const onInterrupt = () => {
    session.control({ type: 'signal', signal: 'SIGINT' });
    setTimeout(() => cut.abort(), INTERRUPT_GRACE_MS).unref();
  };
  context.signal.addEventListener('abort', onInterrupt);
  const stopResize = options.tty ? context.onResize(() => resize(context, session)) : () => {};
  if (options.tty) context.stdin.setRaw(true);
  let inputError: unknown;
  passInput(session, options.input).catch((error) => {
    inputError = error;
  });
  try {
    const code = await session.exited;
    if (inputError !== undefined) throw inputError;
    return code;
  } finally {
    if (options.tty) context.stdin.setRaw(false);
    stopResize();
    context.signal.removeEventListener('abort', onInterrupt);
  }
}

function getRequest(context: CliContext, { argv, tty, user, cwd }: RunOptions): ExecRequest {
  const request: ExecRequest = { argv: [...argv], tty, user, cwd };
  if (!tty) return request;
  const { columns, rows } = context.stdout;
  return { ...request, columns, rows, term: context.env.TERM ?? 'xterm-256color' };
}

function resize(context: CliContext, session: ExecSession): void {
  const { columns, rows } = context.stdout;
  session.control({ type: 'resize', columns, rows });
}

async function passInput(session: ExecSession, input: RunOptions['input']): Promise<void> {
  try {
    if (input) for await (const bytes of input) await session.write(bytes);
  } finally {
    session.endInput();
  }
}
