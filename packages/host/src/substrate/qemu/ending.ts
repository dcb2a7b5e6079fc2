import { rm } from 'node:fs/promises';
import { getVmFiles } from '../../system/paths.ts';
import { isRunning, type ProcessId, signalProcess, waitForEnd } from '../../system/process-id.ts';
import { listSockets } from './argv.ts';
import { hadOutOfMemory, removeCgroup } from './cgroup.ts';
import { appendConsole, findPanic, readConsoleEnd } from './console.ts';
import { type Context, throwInterrupted } from './context.ts';
import { isGuestOver, type LastWord, readConsoleRing, readLastWord } from './monitor.ts';
import type { Qmp } from './qmp.ts';
import { endConnections } from './ssh/connections.ts';
import type { Exit, MachineRecord } from './state.ts';

/** How a guest ended, and whether it did not say so itself. */
export interface Ending {
  exit: Exit;
  isMute: boolean;
}

/** 128 + SIGKILL. */
export const KILLED = 137;

/**
 * A machine's record brought up to what its processes and QEMU say: where its guest is over, how that came is read, and
 * what is left of it is ended. The caller alone changes the machine meanwhile.
 */
export async function settle(
  record: MachineRecord,
  signal: AbortSignal,
  context: Context,
): Promise<MachineRecord> {
  if (record.phase !== 'running') return record;
  if (!isAlive(record.qemu)) return endMachine(record, getQemuGone(record, context), context);
  try {
    const ending = await context.withMonitor(record, signal, (qmp) => readEnding(record, qmp));
    if (ending) return endMachine(record, ending.exit, context);
  } catch {
    if (signal.aborted) throwInterrupted();
    // Either it has just ended, or it is too busy to answer.
    if (!isAlive(record.qemu)) return endMachine(record, getQemuGone(record, context), context);
    if (isAlive(record.share)) return record;
  }
  if (isAlive(record.share)) return record;
  const words = context.lastWords.get(record.id)?.share?.();
  const reason = getReason('the server of its folders, virtiofsd, ended, and /workspace was gone', words);
  return endMachine(record, getKilled(reason), context);
}

/** How the guest ended; undefined while it runs. What it wrote on its console is kept in either case, if it can be. */
export async function readEnding(record: MachineRecord, qmp: Qmp): Promise<Ending | undefined> {
  // Before the console is read, so that nothing is written after.
  const isOver = await isGuestOver(qmp);
  const word = isOver ? await readLastWord(qmp) : undefined;
  await keepConsole(record, qmp);
  return isOver
    ? getEnding(word, await readConsoleEnd(record.spec.folder).catch(() => Buffer.alloc(0)))
    : undefined;
}

/** A guest that was reset, or whose kernel gave up, said nothing: that is no clean end, whatever QEMU calls it. */
export function getEnding(word: LastWord | undefined, console: Buffer): Ending {
  if (word && 'exitCode' in word) {
    return { exit: { code: word.exitCode, outOfMemory: word.outOfMemory }, isMute: false };
  }
  if (word) return { exit: getKilled(`its guest gave up: ${word.failed}`), isMute: false };
  const panic = findPanic(console);
  const reason = panic
    ? `its kernel gave up: ${panic}`
    : 'its guest was reset or switched off, and did not say why';
  return { exit: getKilled(reason), isMute: true };
}

const getKilled = (reason: string): Exit => ({ code: KILLED, outOfMemory: false, reason });

/** A full disk, or a log that somebody made something else of, must not keep a machine from its end. */
export async function keepConsole(record: MachineRecord, qmp: Qmp): Promise<void> {
  const { folder, owner } = record.spec;
  await appendConsole(folder, owner, await readConsoleRing(qmp)).catch(() => undefined);
}

/** Ends what is left of its processes, and writes down how it ended. */
export async function endMachine(
  record: MachineRecord,
  exit: Exit,
  context: Context,
): Promise<MachineRecord> {
  await endProcesses(record, context);
  const ended: MachineRecord = { ...record, phase: 'ended', qemu: null, share: null, address: null, exit };
  await context.store.put(ended);
  return ended;
}

/** QEMU first: the server of its folders then leaves by itself. */
export async function endProcesses(record: MachineRecord, context: Context): Promise<void> {
  const { folder, sockets } = getVmFiles(context.store.folder, record.id);
  for (const id of [record.qemu, record.share]) {
    if (!id) continue;
    signalProcess(id, 'SIGKILL');
    await waitForEnd(id, context.deadlines.end);
  }
  await endConnections(folder);
  for (const socket of listSockets(sockets)) await rm(socket, { force: true });
  await removeCgroup(getCgroupName(record));
}

function isAlive(id: ProcessId | null): boolean {
  return id !== null && isRunning(id);
}

const getCgroupName = ({ id, spec }: MachineRecord) => ({ id, homeLabel: spec.homeLabel });

const getReason = (what: string, words: string | undefined) => (words ? `${what}: ${words}` : what);

function getQemuGone(record: MachineRecord, context: Context): Exit {
  if (hadOutOfMemory(getCgroupName(record))) return { code: KILLED, outOfMemory: true };
  const words = context.lastWords.get(record.id)?.qemu?.();
  const reason = getReason('its QEMU process was killed, or failed', words);
  return getKilled(reason);
}
