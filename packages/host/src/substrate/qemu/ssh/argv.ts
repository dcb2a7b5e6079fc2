import { ProblemError } from '@cspace/protocol/problem';
import { getSshPaths } from '../../../system/paths.ts';
import { quoteWord } from '../../../system/quote.ts';
import { getGuestArgv } from '../../guest-argv.ts';
import type { ExecOptions } from '../../substrate.ts';

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
 * Who comes first makes the connection that all others use, one at a time: each for itself would be a login each. Whether it
 * is there is asked of its process, since a killed one leaves its socket. The command itself never makes another one, so
 * that it goes when the connection is ended. 255 is ssh's word for its own failure, and may be the command's: it was the
 * command where the connection is still there.
 */
const CONNECT = `
  socket=$1 pidfile=$2 lock=$3 config=$4 address=$5; shift 5
  lost() { echo "cspace: no connection to the sandbox: it could not be made, or was lost" >&2; exit 255; }
  is_there() {
    [ -S "$socket" ] && read -r pid <"$pidfile" && read -r _ name state _ <"/proc/$pid/stat" &&
      [ "$name" = "(ssh)" ] && [ "$state" != Z ]
  } 2>/dev/null
  connect() {
    rm -f "$socket"
    ssh -F "$config" -f -N -M "$address" </dev/null || return
    said=$(ssh -F "$config" -O check "$address" 2>&1) || return
    said=\${said#*pid=}
    echo "\${said%%)*}" >"$pidfile"
  }
  is_there || {
    exec 9>"$lock"
    flock --wait 30 9
    is_there || connect || lost
    exec 9>&-
  }
  setpriv --pdeathsig KILL ssh -F "$config" -o ControlMaster=no -o ProxyCommand=false "$@"
  code=$?
  [ $code -ne 255 ] || ssh -F "$config" -O check "$address" 2>/dev/null || lost
  exit $code`;

/** Of one argument, by the kernel (MAX_ARG_STRLEN, with its NUL): here, and for the guest's shell. */
const MAX_LINE_BYTES = 131_071;

/**
 * Runs a command in the guest, over the machine's kept connection. What ssh passes on is one line for the shell of the
 * guest's root, so every word of it is quoted. Throws `too-large`.
 */
export function getSshArgv(machine: SshMachine, argv: readonly string[], options: ExecOptions): string[] {
  const paths = getSshPaths(machine.folder);
  const id = String(machine.uid);
  return [
    ...['unshare', '--mount', '--propagation', 'slave', '--', 'sh', '-c', AS_MACHINE, 'sh', paths.passwd],
    ...['setpriv', '--reuid', id, '--regid', id, '--clear-groups', '--no-new-privs', '--'],
    ...['sh', '-c', CONNECT, 'sh', paths.socket, paths.pidfile, paths.lock, paths.config, machine.address],
    ...[options.tty ? '-tt' : '-T', machine.address, '--', getRemoteLine(argv, options)],
  ];
}

function getRemoteLine(argv: readonly string[], { user, cwd, env }: ExecOptions): string {
  const variables = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const words = [GUEST_EXEC, '--user', user, '--cwd', cwd, ...variables, '--', ...getGuestArgv(argv, user)];
  const line = words.map(quoteWord).join(' ');
  const bytes = Buffer.byteLength(line);
  if (bytes <= MAX_LINE_BYTES) return line;
  throw new ProblemError({
    code: 'too-large',
    message: 'the command is too long for a machine that is reached by ssh',
    why: `it has ${bytes} bytes with all its arguments, and at most ${MAX_LINE_BYTES} can be passed on`,
    fix: 'put it in a file of the sandbox, or pass it on stdin',
  });
}
