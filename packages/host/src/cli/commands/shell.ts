import { ProblemError } from '@cspace/protocol/problem';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';
import { resolveRef } from '../resolve-ref.ts';
import { runInSandbox } from '../run-in-sandbox.ts';

export interface ShellFlags {
  json?: boolean;
  root?: boolean;
}

export async function runShell(context: CliContext, name: string, flags: ShellFlags): Promise<number> {
  if (!context.stdin.isTerminal) {
    throw new ProblemError({
      code: 'usage',
      message: 'a shell needs a terminal, and stdin is none',
      fix: `cspace exec ${name} -- COMMAND`,
    });
  }
  const ref = await resolveRef(context, name);
  const exitCode = await runInSandbox(context, {
    ref,
    argv: ['bash', '-l'],
    tty: true,
    input: context.stdin.chunks(),
    user: flags.root ? 'root' : 'dev',
    cwd: '/workspace',
  });
  if (flags.json) printJson(context.stdout, { exitCode });
  return exitCode;
}
