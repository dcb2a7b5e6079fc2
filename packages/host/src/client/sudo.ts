import { spawn } from 'node:child_process';
import { Problem, ProblemError } from '@cspace/protocol/problem';
import type { CliContext } from '../cli/context.ts';

export interface RootOptions {
  context: CliContext;
  /** What it is for: stands in sudo's question, and in the problem where nobody can be asked. */
  purpose: string;
  /** Show what the command says on stderr as it comes. */
  relay?: boolean;
}

interface SudoResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs one of our own commands (with `--json`) through sudo, which asks on a terminal. Throws the problem that the command
 * reported, or `needs-root` with the line to run where sudo did not run it.
 */
export async function runAsRoot(argv: readonly string[], options: RootOptions): Promise<void> {
  const { context, purpose, relay = false } = options;
  const canAsk = context.stdin.isTerminal && context.stderr.isTerminal;
  const how = canAsk ? ['-p', `[sudo] ${purpose}; password for %p: `] : ['-n'];
  const { code, stdout, stderr } = await runSudo([...how, '--', ...argv, '--json'], context, relay || canAsk);
  if (code === 0) return;
  throw new ProblemError(parseReportedProblem(stdout) ?? getNeedsRootProblem(argv, { purpose, stderr }));
}

/** Sudo itself did not run the command: the line for somebody who may. */
export function getNeedsRootProblem(
  argv: readonly string[],
  { purpose, stderr }: { purpose: string; stderr: string },
): Problem {
  return {
    code: 'needs-root',
    message: 'this needs root, and sudo did not give it',
    why: [purpose, stderr.trim()].filter(Boolean).join('\n'),
    fix: `sudo ${argv.map(quote).join(' ')}`,
  };
}

/** Where there is a terminal sudo talks to it by itself; what it says on stderr is kept for the problem. */
function runSudo(args: string[], context: CliContext, relay: boolean): Promise<SudoResult> {
  return new Promise((resolve) => {
    const child = spawn('sudo', args, {
      stdio: [context.stdin.isTerminal ? 'inherit' : 'ignore', 'pipe', 'pipe'],
      signal: context.signal,
    });
    const result: SudoResult = { code: null, stdout: '', stderr: '' };
    child.stdout?.on('data', (chunk) => {
      result.stdout += String(chunk);
    });
    child.stderr?.on('data', (chunk) => {
      result.stderr += String(chunk);
      if (relay) context.stderr.write(chunk);
    });
    child.on('error', (error) => {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      resolve({ ...result, stderr: missing ? 'sudo is not installed' : error.message });
    });
    child.on('close', (code) => resolve({ ...result, code }));
  });
}

function parseReportedProblem(stdout: string): Problem | undefined {
  for (const line of stdout.trimEnd().split('\n').toReversed()) {
    try {
      return Problem.parse((JSON.parse(line) as { problem?: unknown }).problem);
    } catch {
      // Not the line with the problem.
    }
  }
  return undefined;
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
