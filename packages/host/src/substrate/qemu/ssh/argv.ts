import { getSshPaths } from '../../../system/paths.ts';
import { getGuestArgv } from '../../guest-argv.ts';
import type { ExecOptions } from '../../substrate.ts';
import { quoteWord } from './quote.ts';

/** What a running machine is reached by. */
export interface SshMachine {
  /** The machine's state folder, in which `makeSshFiles` was. */
  folder: string;
  uid: number;
  address: string;
}

/** The guest kit's helper: environment, user and folder of a command, and an exit code that tells a death by signal. */
const GUEST_EXEC = '/run/cspace-vm/exec';

/**
 * The client needs an entry of its user in /etc/passwd, and gets one in a mount namespace of its own; then it is nobody but
 * the machine's user. Its file system sees what the host unmounts meanwhile.
 */
const AS_MACHINE = 'mount --bind "$1" /etc/passwd && shift && exec "$@"';

/**
 * Who comes first makes the connection that all others use, one at a time: each for itself would be a login each. 255 is
 * ssh's word for its own failure, and may be the command's: it was the command where the connection is still there.
 */
const CONNECT = `
  lost() { echo "cspace: no connection to the sandbox: it could not be made, or was lost" >&2; exit 255; }
  socket=$1 lock=$2 config=$3 address=$4; shift 4
  [ -S "$socket" ] || flock --close --wait 30 "$lock" sh -c '[ -S "$0" ] || exec ssh -F "$1" -f -N -M "$2"' \\
    "$socket" "$config" "$address" </dev/null || [ $? -ne 255 ] || lost
  setpriv --pdeathsig KILL ssh -F "$config" "$@"
  code=$?
  [ $code -ne 255 ] || ssh -F "$config" -O check "$address" 2>/dev/null || lost
  exit $code`;

/**
 * Runs a command in the guest, over the machine's kept connection. What ssh passes on is one line for the shell of the
 * guest's root, so every word of it is quoted.
 */
export function getSshArgv(machine: SshMachine, argv: readonly string[], options: ExecOptions): string[] {
  const paths = getSshPaths(machine.folder);
  const id = String(machine.uid);
  return [
    ...['unshare', '--mount', '--propagation', 'slave', '--', 'sh', '-c', AS_MACHINE, 'sh', paths.passwd],
    ...['setpriv', '--reuid', id, '--regid', id, '--clear-groups', '--no-new-privs', '--'],
    ...['sh', '-c', CONNECT, 'sh', paths.socket, paths.lock, paths.config, machine.address],
    ...[options.tty ? '-tt' : '-T', machine.address, '--', getRemoteLine(argv, options)],
  ];
}

function getRemoteLine(argv: readonly string[], { user, cwd, env }: ExecOptions): string {
  const variables = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const words = [GUEST_EXEC, '--user', user, '--cwd', cwd, ...variables, '--', ...getGuestArgv(argv, user)];
  return words.map(quoteWord).join(' ');
}
