import { ProblemError } from '@cspace/protocol/problem';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';
import { resolveRef } from '../resolve-ref.ts';
import { runInSandbox } from '../run-in-sandbox.ts';

export interface ExecArguments {
  name: string;
  argv: readonly string[];
}

export interface ExecFlags {
  json?: boolean;
  interactive?: boolean;
  tty?: boolean;
  root?: boolean;
  workdir: string;
}

export async function runExec(
  context: CliContext,
  { name, argv }: ExecArguments,
  flags: ExecFlags,
): Promise<number> {
  const { tty, interactive } = getStreams(context, flags);
  if (!flags.workdir.startsWith('/')) {
    throw new ProblemError({
      code: 'usage',
      message: `--workdir takes an absolute path: ${flags.workdir}`,
      fix: 'cspace exec --help',
    });
  }
  const ref = await resolveRef(context, name);
  const output = { 1: [] as Uint8Array[], 2: [] as Uint8Array[] };
  const exitCode = await runInSandbox(context, {
    ref,
    argv,
    tty,
    input: interactive ? context.stdin.chunks() : undefined,
    user: flags.root ? 'root' : 'dev',
    cwd: flags.workdir,
    onOutput: flags.json
      ? (stream, bytes) => {
          output[stream].push(bytes);
          return undefined;
        }
      : undefined,
  });
  if (flags.json) {
    const read = (stream: 1 | 2) => Buffer.concat(output[stream]).toString('utf8');
    printJson(context.stdout, { exitCode, stdout: read(1), stderr: read(2) });
  }
  return exitCode;
}

/** A terminal where we have one on both ends; stdin where it is no terminal, or where there is a terminal for it. */
export function getStreams(
  context: Pick<CliContext, 'stdin' | 'stdout'>,
  flags: Pick<ExecFlags, 'json' | 'interactive' | 'tty'>,
): { tty: boolean; interactive: boolean } {
  const { stdin, stdout } = context;
  const both = stdin.isTerminal && stdout.isTerminal;
  if (flags.tty && flags.json) {
    throw new ProblemError({
      code: 'usage',
      message: '--tty and --json exclude each other',
      fix: 'cspace exec --help',
    });
  }
  const tty = flags.json ? false : (flags.tty ?? both);
  if (tty && !stdin.isTerminal) {
    throw new ProblemError({
      code: 'usage',
      message: '--tty needs a terminal, and stdin is none',
      fix: 'leave out --tty',
    });
  }
  return { tty, interactive: flags.interactive ?? (tty || !stdin.isTerminal) };
}
