import type { ExecOptions } from './substrate.ts';

/** Runs a command in the guest with the sandbox's secrets in its environment; part of the image. */
const GUEST_ENV_COMMAND = '/usr/local/bin/cspace-env';

/** The host never sees the secrets: the guest reads them from its own file. */
export function getGuestArgv(argv: readonly string[], user: ExecOptions['user']): string[] {
  return user === 'dev' ? [GUEST_ENV_COMMAND, ...argv] : [...argv];
}
