import { type Problem, ProblemError } from '@cspace/protocol/problem';
import { getTail, type RunOptions, run } from './exec.ts';

const KEYGEN_TIMEOUT_MS = 30_000;

export interface SshKeyOptions extends Pick<RunOptions, 'owner' | 'signal'> {
  /** What could not be, where it could not. */
  problem: Pick<Problem, 'code' | 'message'>;
  /** Where ssh-keygen is not installed. */
  install: string;
}

/** Makes a pair, `path` and `path`.pub, without a passphrase: nobody would be there to type one. Throws `problem`, or `engine-missing`. */
export async function makeSshKey(
  path: string,
  { problem, install, ...options }: SshKeyOptions,
): Promise<void> {
  const argv = ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'cspace', '-f', path];
  const made = await run(argv, { timeoutMs: KEYGEN_TIMEOUT_MS, ...options });
  if (made.ok) return;
  options.signal?.throwIfAborted();
  throw new ProblemError({
    code: made.notFound ? 'engine-missing' : problem.code,
    message: problem.message,
    why: made.notFound ? 'ssh-keygen is not installed' : getTail(made.stderr || made.stdout, 3),
    fix: made.notFound ? install : 'cspace doctor',
  });
}
