import { ProblemError } from '@cspace/protocol/problem';
import type { RunResult } from '../../system/exec.ts';
import { getWhy, makeOddAnswerProblem } from '../engine-problems.ts';

/** What was printed is not what is known to be. */
export const getOddAnswerProblem = makeOddAnswerProblem('container');

/** What a failed command says of its reason. A hint: what is done next is decided by the state, asked for again. */
export type Failure = 'not-found' | 'exists' | 'not-running' | 'in-use' | 'service-down' | 'other';

const FAILURES: readonly [Failure, RegExp][] = [
  ['service-down', /XPC connection|container system start|apiserver is not running/i],
  ['exists', /\bexists:|already exists?/i],
  ['not-running', /is not running/i],
  ['in-use', /\bin use/i],
  ['not-found', /notFound|not found/i],
];

export function classify({ stderr, stdout }: Pick<RunResult, 'stderr' | 'stdout'>): Failure {
  const text = `${stderr}\n${stdout}`;
  return FAILURES.find(([, pattern]) => pattern.test(text))?.[0] ?? 'other';
}

const START_SERVICE = 'container system start --enable-kernel-install';

/** Why a command of `container` did not do what it should. `action` completes "container could not …". */
export function getEngineProblem(action: string, result: RunResult): ProblemError {
  if (result.cancelled) {
    return new ProblemError({
      code: 'interrupted',
      message: `interrupted while container was to ${action}`,
    });
  }
  if (result.notFound) {
    return new ProblemError({
      code: 'engine-missing',
      message: "Apple's container is not installed",
      fix: 'cspace setup',
    });
  }
  const why = getWhy(result);
  if (classify(result) === 'service-down') {
    return new ProblemError({
      code: 'engine-missing',
      message: `container could not ${action}: its service does not run`,
      ...(why === undefined ? {} : { why }),
      fix: START_SERVICE,
    });
  }
  return new ProblemError({
    code: 'machine-failed',
    message: result.timedOut
      ? `container did not answer in time when it was to ${action}`
      : `container could not ${action}`,
    ...(why === undefined ? {} : { why }),
    ...(result.timedOut ? { fix: 'cspace doctor' } : {}),
  });
}
