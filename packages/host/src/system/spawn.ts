import { constants } from 'node:os';

/** A running program whose streams are relayed to somebody. */
export interface Command {
  write(bytes: Uint8Array): Promise<void>;
  closeInput(): void;
  resize(columns: number, rows: number): void;
  /** The receiver of the output can take more again. */
  resume(): void;
  kill(): void;
  hasExited(): boolean;
}

export interface SpawnOptions {
  /** The whole environment. */
  env: Record<string, string>;
  /** 1 is stdout, 2 stderr. False asks to wait for `resume` before more. */
  onOutput(stream: 1 | 2, bytes: Uint8Array): boolean;
  /** After all output. 128 + n for death by signal n, as a shell has it. */
  onExit(code: number): void;
}

/** Runs a program on three pipes. */
export function spawnPiped(argv: readonly string[], options: SpawnOptions): Command {
  const child = Bun.spawn([...argv], { env: options.env, stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' });
  const gate = createGate();
  const pump = async (stream: 1 | 2, from: ReadableStream<Uint8Array>) => {
    for await (const bytes of from) {
      if (!options.onOutput(stream, bytes)) await gate.wait();
    }
  };
  void Promise.all([pump(1, child.stdout), pump(2, child.stderr), child.exited]).then(() =>
    options.onExit(getExitCode(child.exitCode, child.signalCode)),
  );
  return {
    async write(bytes) {
      // The program may have closed its input; that is its affair, as with a shell's pipe.
      try {
        child.stdin.write(bytes);
        await child.stdin.flush();
      } catch {}
    },
    closeInput: () => void child.stdin.end(),
    resize: () => {},
    resume: gate.open,
    kill: () => {
      gate.open();
      child.kill('SIGKILL');
    },
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
  };
}

/** Runs a program on a pseudo-terminal of its own: one stream, which is stdout. */
export function spawnTerminal(
  argv: readonly string[],
  options: SpawnOptions & { columns: number; rows: number },
): Command {
  const child = Bun.spawn([...argv], {
    env: options.env,
    terminal: {
      cols: options.columns,
      rows: options.rows,
      data: (_, bytes) => void options.onOutput(1, bytes),
    },
  });
  const { terminal } = child;
  void child.exited.then(() => {
    terminal?.close();
    options.onExit(getExitCode(child.exitCode, child.signalCode));
  });
  return {
    write: async (bytes) => void terminal?.write(bytes),
    closeInput: () => {},
    resize: (columns, rows) => terminal?.resize(columns, rows),
    resume: () => {},
    kill: () => child.kill('SIGKILL'),
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
  };
}

function getExitCode(code: number | null, signal: NodeJS.Signals | number | null): number {
  if (code !== null) return code;
  if (typeof signal === 'string') return 128 + constants.signals[signal];
  return 128 + (signal ?? 0);
}

/** `wait` resolves at the next `open`. */
function createGate() {
  let next = Promise.withResolvers<void>();
  return {
    wait: () => next.promise,
    open() {
      next.resolve();
      next = Promise.withResolvers();
    },
  };
}
