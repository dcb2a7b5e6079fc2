import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError } from '@cspace/protocol/problem';
import { rejectOnAbort } from '../../system/abort.ts';
import { getVmFiles } from '../../system/paths.ts';
import { isRunning } from '../../system/process-id.ts';
import { dialTcp } from '../dial-tcp.ts';
import { getSocket } from './argv.ts';
import { getConfiguration } from './configuration.ts';
import { connectMonitor } from './context.ts';
import { type Control, openControl } from './control.ts';
import { keepConsole, readEnding } from './ending.ts';
import { getStartProblem, type LaunchOptions, type QemuProcess } from './launch.ts';
import type { Qmp } from './qmp.ts';
import { readGuestKeys } from './ssh/keys.ts';
import type { MachineRecord } from './state.ts';

/** Pauses between tries of what is there at once. */
const PAUSE_MS = 5;
/** A try that hangs (no answer to a SYN yet) must not cost the next ones. */
const TRY_TIMEOUT_MS = 100;
const SSH_PORT = 22;

/** Why a guest did not come up. */
export class BootFailure extends Error {
  /** It did not say why, by hanging or by a sudden end: another one may come up. */
  readonly isMute: boolean;

  constructor(message: string, isMute: boolean) {
    super(message);
    this.isMute = isMute;
  }
}

export type BootOptions = Omit<LaunchOptions, 'onProcess'>;

/**
 * Waits for the guest, tells it who it is, and waits until commands can be run in it, raced against its end. What it
 * wrote on its console is kept, also where this fails: with BootFailure, or the problem of a QEMU that did not start.
 */
export async function bootGuest(
  record: MachineRecord,
  qemu: QemuProcess,
  options: BootOptions,
): Promise<void> {
  const over = new AbortController();
  const qmp = await connectStarted(record, qemu, { ...options, onOver: () => over.abort() });
  const either = AbortSignal.any([options.signal, over.signal]);
  try {
    await configure(record, either, options);
    await waitForCommands(options, either);
    options.signal.throwIfAborted();
  } catch (error) {
    options.signal.throwIfAborted();
    if (!over.signal.aborted) throw error;
    if (!isRunning(qemu.id)) throw getStartProblem(qemu.getErrorText());
    const ending = await readEnding(record, qmp).catch(() => undefined);
    throw new BootFailure(ending?.exit.reason ?? 'it ended before it was up', ending?.isMute ?? true);
  } finally {
    await keepConsole(record, qmp).catch(() => undefined);
    qmp.close();
  }
}

/** QEMU makes its socket when it has read its command line. */
async function connectStarted(
  record: MachineRecord,
  qemu: QemuProcess,
  { signal, context, onOver }: BootOptions & { onOver: () => void },
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
    const qmp = await connectMonitor(record.id, { ...context, signal, onEvent }).catch((error) => error);
    if (!(qmp instanceof Error)) return qmp;
    if (ended !== undefined) throw getStartProblem(qemu.getErrorText() || ended);
    if (performance.now() > deadline) throw qmp;
    await sleep(PAUSE_MS);
  }
}

async function configure(record: MachineRecord, signal: AbortSignal, options: BootOptions): Promise<void> {
  const { image, cable, accel, context } = options;
  const { folder, sockets } = getVmFiles(context.store.folder, record.id);
  const keys = await readGuestKeys(folder);
  const control = await openControl(getSocket(sockets, 'control'), signal);
  try {
    await expectWord(control, { word: 'ready', timeoutMs: context.deadlines.boot[accel] }, signal);
    control.send(getConfiguration({ spec: record.spec, image, cable, keys, nowMs: Date.now() }));
    await expectWord(control, { word: 'ok', timeoutMs: context.deadlines.configure }, signal);
  } finally {
    control.close();
  }
}

async function expectWord(
  control: Control,
  { word, timeoutMs }: { word: string; timeoutMs: number },
  signal: AbortSignal,
): Promise<void> {
  const late = AbortSignal.timeout(timeoutMs);
  const said = await Promise.race([
    control.readWord(),
    rejectOnAbort(signal),
    rejectOnAbort(late).catch(() => {
      throw new BootFailure(`it did not say "${word}" within ${timeoutMs / 1000} s`, true);
    }),
  ]);
  if (said === word) return;
  throw new BootFailure(
    said === undefined ? 'its control port was closed' : `it did not say "${word}" when it should`,
    false,
  );
}

/**
 * From here on the guest is this machine, and how it ends is its own affair. One that does not answer in time may be
 * busy with what its first program does.
 */
async function waitForCommands({ cable, context }: BootOptions, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + context.deadlines.commands;
  while (!signal.aborted && performance.now() < deadline) {
    const at = { address: cable.address, port: SSH_PORT, timeoutMs: TRY_TIMEOUT_MS };
    const stream = await dialTcp(at, signal).catch(() => undefined);
    stream?.destroy();
    if (stream) return;
    await sleep(PAUSE_MS * 4);
  }
}

/** As it is told: how often was tried, and what was on the console last. */
export function getBootProblem(failure: BootFailure, tries: number, console: string): ProblemError {
  const lines = console === '' ? '' : `\nits console said:\n${console}`;
  return new ProblemError({
    code: 'machine-failed',
    message: tries > 1 ? `the guest did not come up, in ${tries} tries` : 'the guest did not come up',
    why: `${failure.message}${lines}`,
    fix: 'cspace doctor',
  });
}
