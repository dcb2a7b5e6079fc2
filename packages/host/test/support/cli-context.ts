import type { CliContext, Output } from '../../src/cli/context.ts';
import type { Guest } from '../../src/cli/guest.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { getOwner } from '../../src/system/owner.ts';

export interface CallOptions {
  env?: Record<string, string>;
  cwd?: string;
  input?: string;
  signal?: AbortSignal;
  self?: readonly string[];
  /** Stands for running inside this sandbox. */
  guest?: Guest;
  /** Columns of stdout and stderr, which are no terminals. */
  columns?: number;
}

export interface Called {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the CLI within this process: nothing of the process itself is touched. */
export async function callCli(argv: string[], options: CallOptions = {}): Promise<Called> {
  const { context, written } = createContext(argv, options);
  const code = await runCli(context);
  return { code, stdout: written.stdout, stderr: written.stderr };
}

export function createContext(argv: string[], options: CallOptions = {}) {
  const written = { stdout: '', stderr: '' };
  const createOutput = (name: 'stdout' | 'stderr'): Output => ({
    write: (data) => {
      written[name] += typeof data === 'string' ? data : Buffer.from(data).toString('utf8');
      return undefined;
    },
    isTerminal: false,
    colours: false,
    columns: options.columns ?? 80,
    rows: 24,
  });
  const context: CliContext = {
    argv,
    stdin: {
      isTerminal: false,
      readAll: async () => options.input ?? '',
      async *chunks() {
        if (options.input) yield new TextEncoder().encode(options.input);
      },
      setRaw: () => {},
    },
    stdout: createOutput('stdout'),
    stderr: createOutput('stderr'),
    env: options.env ?? {},
    cwd: options.cwd ?? '/',
    owner: getOwner({}),
    guest: options.guest,
    signal: options.signal ?? new AbortController().signal,
    onResize: () => () => {},
    self: options.self ?? ['false'],
  };
  return { context, written };
}
