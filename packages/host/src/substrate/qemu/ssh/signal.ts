import { run } from '../../../system/exec.ts';
import { EXEC_MARKER } from '../../../system/marked-processes.ts';
import { getSignalArgv } from '../../guest-signal.ts';
import { getSshArgv, type SshMachine } from './argv.ts';

/** A guest that does not answer is not asked again: its machine can be stopped. */
const TIMEOUT_MS = 10_000;

/** Signals all that carries this value of EXEC_MARKER in the guest: its processes are none of the host's. Never throws. */
export async function signalInside(
  machine: SshMachine,
  marker: string,
  signal: NodeJS.Signals,
): Promise<void> {
  const argv = getSignalArgv(`${EXEC_MARKER}=${marker}`, signal);
  await run(getSshArgv(machine, argv, { tty: false, user: 'root', cwd: '/', env: {} }), {
    timeoutMs: TIMEOUT_MS,
  });
}
