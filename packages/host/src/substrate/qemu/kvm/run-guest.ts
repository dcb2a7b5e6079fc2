import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getTail } from '../../../system/exec.ts';
import { type DeadlineResult, runToDeadline } from '../../../system/run-to-deadline.ts';
import { type Accelerator, getProbeArgv } from './argv.ts';
import { GUEST_EXIT_CODE, GUEST_WORD, getGuestImage } from './guest.ts';

/**
 * The user that QEMU runs as for the probe, where root starts it: nobody else's. Containers have the ids up to 296607, and
 * machines 65536 from there on.
 */
const PROBE_USER = 362_144;
/** A guest that runs is through in a tenth of that, with KVM and without. */
const DEADLINE_MS = 2000;

export interface RunGuestOptions {
  /** Absolute path of qemu-system-x86_64. */
  qemu: string;
  accelerator: Accelerator;
  /** The group that QEMU has to be in. */
  group?: number | undefined;
  deadlineMs?: number;
  signal: AbortSignal;
}

/** How it went; `why` where no guest ran. */
export type GuestRun = { ran: true } | { ran: false; why: string; timedOut?: true };

/**
 * Boots the probe's guest, in a QEMU without rights, and waits until it has spoken or its time is over: then QEMU is
 * killed, and gone before this returns. Never throws for what QEMU does.
 */
export async function runGuest(options: RunGuestOptions): Promise<GuestRun> {
  const { qemu, accelerator, group, deadlineMs = DEADLINE_MS, signal } = options;
  const image = await openImage();
  try {
    const user = process.getuid?.() === 0 ? { id: PROBE_USER, group } : undefined;
    const argv = getProbeArgv({ qemu, accelerator, kernel: '/proc/self/fd/3', user });
    const result = await runToDeadline(argv, { timeoutMs: deadlineMs, signal, descriptor: image.fd });
    return judge(result, deadlineMs);
  } finally {
    await image.close();
  }
}

/** Without a name as soon as it is open: nothing is left of it, however we end. Readable by whom QEMU runs as. */
async function openImage() {
  const path = join(tmpdir(), `cspace-probe-${crypto.randomUUID()}`);
  const file = await open(path, 'wx+', 0o644);
  await rm(path, { force: true });
  await file.chmod(0o644);
  await file.writeFile(getGuestImage());
  return file;
}

function judge(result: DeadlineResult, deadlineMs: number): GuestRun {
  const { exitCode, trouble, timedOut, left, stdout, stderr } = result;
  // Both: its word, and the end that it made.
  if (stdout.includes(GUEST_WORD) && exitCode === GUEST_EXIT_CODE) return { ran: true };
  if (left !== undefined) {
    return no(`the guest hung, and QEMU (process ${left}) hangs in the kernel: it could not be killed`);
  }
  if (timedOut)
    return { ...no(`the guest did nothing within ${deadlineMs / 1000} seconds; QEMU was killed`), timedOut };
  if (trouble !== undefined) return no(`QEMU could not be started: ${trouble}`);
  const words = getTail(stderr.trim(), 3);
  if (words !== '') return no(words);
  const how = exitCode === undefined ? 'died of a signal' : `ended with ${exitCode}`;
  return no(`QEMU ${how}, and the guest had not come to its end`);
}

const no = (why: string) => ({ ran: false as const, why });
