import { randomUUID } from 'node:crypto';
import { formatRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import type { SandboxRecord } from '../../registry/record.ts';
import { getTail, run } from '../../system/exec.ts';
import { EXEC_MARKER } from '../../system/marked-processes.ts';
import type { House } from '../house.ts';
import { type ListeningSocket, parseSockets } from './parse-sockets.ts';

/** Far above what a busy guest needs; the guest may keep us waiting. */
const TIMEOUT_MS = 10_000;
const MAX_BYTES = 1024 * 1024;

/**
 * All sockets as root sees them, then again as `dev`: without CAP_SYS_PTRACE, which a machine does not have, root is told
 * the processes of root alone. The second may fail; then names are missing.
 */
const SS = '/usr/bin/ss -H -ltnup';
const SCRIPT = `${SS} && { setpriv --reuid dev --regid dev --init-groups ${SS} 2>/dev/null || true; }`;

/** What listens in a sandbox that runs, by its own word. Throws `machine-failed` where it does not tell. */
export async function listSockets(
  house: House,
  record: SandboxRecord,
  signal: AbortSignal,
): Promise<{ sockets: ListeningSocket[]; truncated: boolean }> {
  const substrate = house.substrates.get(record.substrate);
  const marker = randomUUID();
  const argv = substrate.execCommand(record, ['/bin/sh', '-c', SCRIPT], {
    tty: false,
    user: 'root',
    cwd: '/',
    env: { [EXEC_MARKER]: marker },
  });
  const result = await run(argv, {
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_BYTES,
    signal,
    env: substrate.execEnv,
  });
  if (result.ok) return parseSockets(result.stdout);
  await substrate.signalCommand(record, marker, 'SIGKILL');
  signal.throwIfAborted();
  throw new ProblemError({
    code: 'machine-failed',
    message: `${formatRef(record)} does not tell what listens in it`,
    why: getWhy(result),
    fix: `cspace exec --root ${formatRef(record)} -- ss -ltnup`,
  });
}

function getWhy({ timedOut, tooMuch, exitCode, stderr }: Awaited<ReturnType<typeof run>>): string {
  if (timedOut) return `it took longer than ${TIMEOUT_MS / 1000} seconds`;
  if (tooMuch) return 'it wrote more than anybody would read';
  return getTail(stderr, 3) || `ss ended with ${exitCode ?? 'a signal'}`;
}
