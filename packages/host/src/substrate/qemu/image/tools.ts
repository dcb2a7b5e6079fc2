import { ProblemError } from '@cspace/protocol/problem';
import { getTail, type RunOptions, type RunResult } from '../../../system/exec.ts';
import { getOwnNamespacesArgv } from '../../../system/own-namespaces.ts';

/** Runs a program to its end; podman's own commands with what podman wants in its environment. */
export type RunTool = (
  argv: readonly string[],
  options: Pick<RunOptions, 'timeoutMs' | 'signal' | 'onLine'>,
) => Promise<RunResult>;

export interface ToolOptions {
  run: RunTool;
  signal: AbortSignal;
  onLine: (line: string) => void;
}

interface Step {
  argv: readonly string[];
  /** Whose absence is what a missing program means. */
  program: string;
  /** Completes "… could not". */
  action: string;
  quiet?: boolean;
}

/** A root file system takes seconds; a slow disk, minutes. */
const TIMEOUT_MS = 15 * 60_000;
/** A shell's exit code where the program does not exist. */
const NOT_FOUND = 127;
const TOLD_LINES = 12;

/**
 * Runs a step of the making and gives what it printed; `quiet` where that is not for people. Throws `engine-missing` where `program` is not installed,
 * `image-build-failed` with the last lines for all else.
 */
export async function runTool(
  { run, signal, onLine }: ToolOptions,
  { argv, program, action, quiet = false }: Step,
): Promise<string> {
  const result = await run(argv, { timeoutMs: TIMEOUT_MS, signal, ...(quiet ? {} : { onLine }) });
  if (result.ok) return result.stdout;
  if (result.cancelled) {
    throw new ProblemError({ code: 'interrupted', message: 'the image build was interrupted' });
  }
  if (result.notFound || result.exitCode === NOT_FOUND) {
    throw new ProblemError({
      code: 'engine-missing',
      message: `${program} is not installed`,
      why: `without it cspace could not ${action}`,
      fix: 'cspace setup --substrate qemu',
    });
  }
  throw new ProblemError({
    code: 'image-build-failed',
    message: `${program} could not ${action}`,
    why: result.timedOut ? 'it took too long' : getTail(result.stderr || result.stdout, TOLD_LINES),
    fix: 'cspace image build --substrate qemu',
  });
}

/** Runs a command in the folder where podman shows an image's files, and leaves no mount of it. */
export function getInImageArgv(tag: string, command: readonly string[]): string[] {
  const script = [
    'folder=$(podman image mount "$0") || exit',
    'cd "$folder" || exit',
    '"$@"',
    'code=$?',
    'cd /',
    'podman image unmount "$0" > /dev/null',
    'exit $code',
  ].join('\n');
  return getOwnNamespacesArgv(['sh', '-c', script, tag, ...command]);
}
