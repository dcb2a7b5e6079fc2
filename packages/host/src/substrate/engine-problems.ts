import { formatRef, type SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import { getTail, type RunResult } from '../system/exec.ts';
import { LABELS } from './labels.ts';
import type { Machine } from './substrate.ts';

// What substrates have to say alike, most of it of engines that are somebody else's command line.

/** A sandbox without a machine. */
export function getNotThere(ref: SandboxRef): ProblemError {
  return new ProblemError({
    code: 'sandbox-not-running',
    message: `${formatRef(ref)} has no machine`,
    fix: `cspace up ${ref.sandbox}`,
  });
}

/** What a failed command said, for the reader; undefined where it said nothing. */
export function getWhy(result: Pick<RunResult, 'stderr' | 'stdout'>): string | undefined {
  const text = getTail(result.stderr || result.stdout).trim();
  return text === '' ? undefined : text;
}

/** `engine` printed what it does not print. `action` completes "podman could not …". */
export function makeOddAnswerProblem(
  engine: string,
): (action: string, text: string, cause: unknown) => ProblemError {
  return (action, text, cause) =>
    new ProblemError(
      {
        code: 'machine-failed',
        message: `${engine} answered something unexpected when it was to ${action}`,
        why: getTail(text.slice(0, 2000), 4),
        fix: 'cspace doctor',
      },
      { cause },
    );
}

/** A container that this home has not made has the name of a machine. `fix` is for one that no home has made. */
export function getNameTakenProblem(
  name: string,
  labels: Readonly<Record<string, string | undefined>>,
  fix: string,
): ProblemError {
  const home = labels[LABELS.home];
  return new ProblemError(
    home === undefined
      ? { code: 'machine-failed', message: `a container that is not cspace's has the name ${name}`, fix }
      : {
          code: 'home-conflict',
          message: `another home of cspace on this host has a machine ${name}`,
          why: `its containers carry the label ${LABELS.home}=${home}`,
          fix: 'choose another name',
        },
  );
}

/** A machine that was just made. */
export function getMade(ref: SandboxRef, id: string): Machine {
  return { ref, state: 'created', id, pid: null, exitCode: null, outOfMemory: false, startedAt: null };
}
