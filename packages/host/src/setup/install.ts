import { homedir } from 'node:os';
import { ProblemError } from '@cspace/protocol/problem';
import { getTail, run } from '../system/exec.ts';
import { getInstallArgv, UPDATE_ARGV } from './plan.ts';

export interface InstallOptions {
  signal: AbortSignal;
  /** Each line that apt-get says. */
  onLine: (line: string) => void;
}

const UPDATE_TIMEOUT_MS = 3 * 60_000;
/** On a slow line the packages take a while. */
const INSTALL_TIMEOUT_MS = 30 * 60_000;
const ENV = { DEBIAN_FRONTEND: 'noninteractive' };

/** Installs Debian packages; needs root. Throws ProblemError with apt-get's last words. */
export async function installPackages(packages: readonly string[], options: InstallOptions): Promise<void> {
  // A list that could not be brought up to date may be good enough: what counts is the install.
  const update = await run(UPDATE_ARGV, { ...options, timeoutMs: UPDATE_TIMEOUT_MS, env: ENV });
  const argv = getInstallArgv(packages);
  const result = update.notFound
    ? update
    : await run(argv, { ...options, timeoutMs: INSTALL_TIMEOUT_MS, env: ENV });
  if (result.ok) return;
  if (result.cancelled)
    throw new ProblemError({
      code: 'interrupted',
      message: 'the setup was interrupted',
      fix: 'cspace setup',
    });
  if (result.notFound) {
    throw new ProblemError({
      code: 'host-unsupported',
      message: 'cspace can install what is missing on Debian and its kin only',
      why: `there is no apt-get; these Debian packages are needed, by whatever name they have here: ${packages.join(', ')}`,
      fix: 'install them, then: cspace doctor',
    });
  }
  throw new ProblemError({
    code: 'failed',
    message: result.timedOut ? 'apt-get did not end in time' : 'apt-get could not install what is missing',
    why: getTail(`${result.stdout}\n${result.stderr}`),
    fix: `sudo ${argv.join(' ')}`,
  });
}

/** The first start fetches a kernel. */
const COMMAND_TIMEOUT_MS = 15 * 60_000;

/** Runs a command that mends something, as ourselves. Throws ProblemError with its last words. */
export async function runFix(argv: readonly string[], options: InstallOptions): Promise<void> {
  const result = await run(argv, { ...options, timeoutMs: COMMAND_TIMEOUT_MS, env: { HOME: homedir() } });
  if (result.ok) return;
  throw new ProblemError({
    code: result.cancelled ? 'interrupted' : 'failed',
    message: `${argv[0]} did not do what it should${result.timedOut ? ' in time' : ''}`,
    why: getTail(`${result.stdout}\n${result.stderr}`),
    fix: argv.join(' '),
  });
}
