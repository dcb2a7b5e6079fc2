import { setTimeout as sleep } from 'node:timers/promises';
import { rejectOnAbort } from '../../system/abort.ts';
import { type Context, connectMonitor } from './context.ts';
import type { Control } from './control.ts';
import { getStartProblem } from './handed-files.ts';
import type { QemuProcess } from './launch.ts';
import type { Qmp } from './qmp.ts';

/** Pause between tries of what is there at once. */
const PAUSE_MS = 5;

/** Why a guest did not come up. */
export class BootFailure extends Error {
  /** It did not say why, by hanging or by a sudden end: another one may come up. */
  readonly isMute: boolean;

  constructor(message: string, isMute: boolean) {
    super(message);
    this.isMute = isMute;
  }
}

interface ConnectOptions {
  /** The machine's. */
  id: string;
  signal: AbortSignal;
  context: Pick<Context, 'store' | 'deadlines'>;
  /** Called when the guest, or QEMU, has ended. */
  onOver: () => void;
}

/** QEMU makes its socket when it has read its command line. Throws `machine-failed`. */
export async function connectStarted(
  qemu: QemuProcess,
  { id, signal, context, onOver }: ConnectOptions,
): Promise<Qmp> {
  let ended: string | undefined;
  void qemu.ended.then((how) => {
    ended = how;
    onOver();
  });
  const onEvent = ({ event }: { event: string }) => {
    if (event === 'SHUTDOWN' || event === 'GUEST_PANICKED') onOver();
  };
  const deadline = performance.now() + context.deadlines.tool;
  for (;;) {
    signal.throwIfAborted();
    const qmp = await connectMonitor(id, { ...context, signal, onEvent }).catch((error) => error);
    if (!(qmp instanceof Error)) return qmp;
    if (ended !== undefined) throw getStartProblem(qemu.getErrorText() || ended);
    if (performance.now() > deadline) throw qmp;
    await sleep(PAUSE_MS);
  }
}

interface Expected {
  word: string;
  /** One that may come before, any number of times. */
  skip?: string;
  timeoutMs: number;
}

/** Waits for the guest's next word on its control port. Throws BootFailure where that is another one. */
export async function expectWord(
  control: Control,
  { word, skip, timeoutMs }: Expected,
  signal: AbortSignal,
): Promise<void> {
  const late = rejectOnAbort(AbortSignal.timeout(timeoutMs)).catch(() => {
    throw new BootFailure(`it did not say "${word}" within ${timeoutMs / 1000} s`, true);
  });
  const read = () => Promise.race([control.readWord(), rejectOnAbort(signal), late]);
  let said = await read();
  while (said !== undefined && said === skip) said = await read();
  if (said === word) return;
  throw new BootFailure(
    said === undefined ? 'its control port was closed' : `it did not say "${word}" when it should`,
    false,
  );
}
