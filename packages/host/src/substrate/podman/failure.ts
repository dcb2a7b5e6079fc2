import { ProblemError } from '@cspace/protocol/problem';
import type { RunResult } from '../../system/exec.ts';
import { getWhy, makeOddAnswerProblem } from '../engine-problems.ts';

/** What was printed is not what is known to be. */
export const getOddAnswerProblem = makeOddAnswerProblem('podman');

/**
 * Why an engine's command did not do what it should, as a problem. `action` completes "podman could not …".
 * The engine's words go to the reader only; nothing is decided by them.
 */
export function getEngineProblem(action: string, result: RunResult): ProblemError {
  if (result.cancelled) {
    return new ProblemError({ code: 'interrupted', message: `interrupted while podman was to ${action}` });
  }
  if (result.notFound) {
    return new ProblemError({
      code: 'engine-missing',
      message: 'podman is not installed',
      fix: 'cspace setup',
    });
  }
  if (result.timedOut) {
    return new ProblemError({
      code: 'machine-failed',
      message: `podman did not answer in time when it was to ${action}`,
      why: getWhy(result) ?? 'it may wait for a lock that another podman holds',
      fix: 'cspace doctor',
    });
  }
  const why = getWhy(result);
  return new ProblemError({
    code: 'machine-failed',
    message: `podman could not ${action}`,
    ...(why === undefined ? {} : { why }),
    ...getFix(why ?? ''),
  });
}

/** A hint that costs nothing where it is wrong: file systems differ in whether ownership can be mapped. */
function getFix(why: string): { fix?: string } {
  if (!/mount_setattr|idmap/i.test(why)) return {};
  return {
    fix: 'set CSPACE_HOME to a folder on a file system with id-mapped mounts, such as ext4, xfs or btrfs',
  };
}
