import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError } from '@cspace/protocol/problem';
import { getVmFiles } from '../../system/paths.ts';
import { isRunning } from '../../system/process-id.ts';
import { dialTcp } from '../dial-tcp.ts';
import { getSocket } from './argv.ts';
import { getConfiguration } from './configuration.ts';
import { openControl } from './control.ts';
import { keepConsole, readEnding } from './ending.ts';
import { getStartProblem } from './handed-files.ts';
import type { LaunchOptions, QemuProcess } from './launch.ts';
import { readGuestKeys } from './ssh/keys.ts';
import { BootFailure, connectStarted, expectWord } from './starting.ts';
import type { MachineRecord } from './state.ts';
import { restoreGuest } from './template/restore.ts';

/** Pause between tries of what is there soon. */
const PAUSE_MS = 20;
/** A try that hangs (no answer to a SYN yet) must not cost the next ones. */
const TRY_TIMEOUT_MS = 100;
const SSH_PORT = 22;

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
  const qmp = await connectStarted(qemu, { ...options, id: record.id, onOver: () => over.abort() });
  const either = AbortSignal.any([options.signal, over.signal]);
  try {
    if (options.template) {
      const { sockets } = getVmFiles(options.context.store.folder, record.id);
      const timeoutMs = options.context.deadlines.restore[options.accel];
      await restoreGuest(qmp, { template: options.template, sockets, timeoutMs, signal: either });
    }
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

async function configure(record: MachineRecord, signal: AbortSignal, options: BootOptions): Promise<void> {
  const { image, cable, accel, template, context } = options;
  const { folder, sockets } = getVmFiles(context.store.folder, record.id);
  const keys = await readGuestKeys(folder);
  const control = await openControl(getSocket(sockets, 'control'), signal);
  const tell = () =>
    control.send(getConfiguration({ spec: record.spec, image, cable, keys, nowMs: Date.now() }));
  const hear = async (expected: Parameters<typeof expectWord>[1]) => {
    await expectWord(control, expected, signal);
    context.onWord(record.id, expected.word);
  };
  try {
    if (template) {
      // It may say anew that it is ready, and may not: it was when it was saved.
      tell();
      return await hear({ word: 'ok', skip: 'ready', timeoutMs: context.deadlines.restore[accel] });
    }
    await hear({ word: 'ready', timeoutMs: context.deadlines.boot[accel] });
    tell();
    await hear({ word: 'ok', timeoutMs: context.deadlines.configure });
  } finally {
    control.close();
  }
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
    await sleep(PAUSE_MS);
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
