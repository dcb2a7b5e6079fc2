import { ProblemError } from '@cspace/protocol/problem';

const TAIL_LINES = 12;

/**
 * A failed build as a problem, with what the builder wrote last. Bugs of ours stay as they are; problems of another
 * kind (no engine, no root) too.
 */
export function toBuildProblem(error: unknown, lines: readonly string[], signal: AbortSignal): unknown {
  if (signal.aborted) {
    return new ProblemError(
      { code: 'interrupted', message: 'the image build was interrupted' },
      { cause: error },
    );
  }
  if (!(error instanceof ProblemError)) return error;
  const { problem } = error;
  if (problem.code !== 'image-build-failed' && problem.code !== 'machine-failed') return error;
  const tail = lines.filter((line) => line.trim() !== '').slice(-TAIL_LINES);
  // It says more than the last lines: the base, or a step of the builder's.
  if (problem.code === 'image-build-failed' && (problem.why !== undefined || tail.length === 0)) return error;
  const why = tail.length > 0 ? tail.join('\n') : problem.why;
  return new ProblemError(
    {
      code: 'image-build-failed',
      message: 'the image could not be built',
      ...(why === undefined ? {} : { why }),
      fix: problem.fix ?? 'cspace image build',
    },
    { cause: error },
  );
}
