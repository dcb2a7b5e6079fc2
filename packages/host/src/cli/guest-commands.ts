import type { Problem } from '@cspace/protocol/problem';
import type { Guest } from './guest.ts';

/** What works inside a sandbox: all else needs the host's files, or is not a sandbox's to ask. */
export const GUEST_COMMANDS: readonly string[] = ['ls', 'status', 'send', 'logs', 'version'];

export const GUEST_EXAMPLES = '\nExamples:\n  cspace ls\n  cspace send venus --follow "run: git log -1"';

/** Why a command line is not for here; undefined where it is, or names no command at all. */
export function getGuestRefusal(
  argv: readonly string[],
  { guest, commands }: { guest: Guest; commands: readonly string[] },
): Problem | undefined {
  const command = argv.find((word) => !word.startsWith('-'));
  if (command === undefined || !commands.includes(command) || GUEST_COMMANDS.includes(command))
    return undefined;
  return {
    code: 'usage',
    message: `${command} is not for the inside of a sandbox`,
    why: `this is ${guest.project}/${guest.sandbox}; here work: ${GUEST_COMMANDS.join(', ')}`,
    fix: `on the host: cspace ${command}`,
  };
}
