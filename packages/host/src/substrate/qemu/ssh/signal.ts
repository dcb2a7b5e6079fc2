import { run } from '../../../system/exec.ts';
import { EXEC_MARKER } from '../../../system/marked-processes.ts';
import { getSshArgv, type SshMachine } from './argv.ts';

/** A guest that does not answer is not asked again: its machine can be stopped. */
const TIMEOUT_MS = 10_000;

/** As `signalMarked` does on a host, by what every image of ours has. */
const SCRIPT = `grep -lszxF -- "$1" /proc/[0-9]*/environ |
  while IFS=/ read -r _ _ pid _; do kill -s "$2" "$pid"; done 2>/dev/null`;

/** Signals all that carries this value of EXEC_MARKER in the guest: its processes are none of the host's. Never throws. */
export async function signalInside(
  machine: SshMachine,
  marker: string,
  signal: NodeJS.Signals,
): Promise<void> {
  const argv = ['/bin/sh', '-c', SCRIPT, 'sh', `${EXEC_MARKER}=${marker}`, signal.replace(/^SIG/, '')];
  await run(getSshArgv(machine, argv, { tty: false, user: 'root', cwd: '/', env: {} }), {
    timeoutMs: TIMEOUT_MS,
  });
}
