import { ProblemError } from '@cspace/protocol/problem';
import { getTail, type RunResult, run } from '../system/exec.ts';

const TIMEOUT_MS = 10_000;

/** Runs `ip`, `nft` or `nsenter`; read `ok` first. Without an answer after 10 s it counts as failed. */
export function tryTool(argv: readonly string[], signal: AbortSignal, input?: string): Promise<RunResult> {
  return run(argv, { timeoutMs: TIMEOUT_MS, signal, ...(input === undefined ? {} : { input }) });
}

/** The same, giving its output. Throws `network-unavailable` where it could not `action`. */
export async function runTool(
  action: string,
  argv: readonly string[],
  { signal, input }: { signal: AbortSignal; input?: string },
): Promise<string> {
  const result = await tryTool(argv, signal, input);
  if (result.ok) return result.stdout;
  throw getToolProblem(action, result, argv[0] ?? '');
}

export function getToolProblem(action: string, result: RunResult, program: string): ProblemError {
  if (result.cancelled)
    return new ProblemError({ code: 'interrupted', message: `interrupted: could not ${action}` });
  if (result.notFound) {
    return new ProblemError({
      code: 'network-unavailable',
      message: `could not ${action}: ${program} is not installed`,
      fix: 'cspace setup',
    });
  }
  const why = result.timedOut ? 'no answer within 10 s' : getTail(result.stderr || result.stdout, 4).trim();
  return new ProblemError({
    code: 'network-unavailable',
    message: `could not ${action}`,
    ...(why === '' ? {} : { why }),
    fix: 'cspace doctor',
  });
}
