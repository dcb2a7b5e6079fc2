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
    const exit = await context.withMonitor(record, signal, (qmp) => readExit(record, qmp));
    if (exit) return endMachine(record, exit, context);
  } catch {
    if (signal.aborted) throwInterrupted();
    // Either it has just ended, or it is too busy to answer.
    if (!isAlive(record.qemu)) return endMachine(record, getQemuGone(record, context), context);
    if (isAlive(record.share)) return record;
  }
  if (isAlive(record.share)) return record;
  const words = context.lastWords.get(record.id)?.share?.();
  const reason = getReason('the server of its folders, virtiofsd, ended, and /workspace was gone', words);
  return endMachine(record, { code: KILLED, outOfMemory: false, reason }, context);
}

/** How the guest ended; undefined while it runs. What it wrote on its console is kept in either case. */
export async function readExit(record: MachineRecord, qmp: Qmp): Promise<Exit | undefined> {
  // Before the console is read, so that nothing is written after.
  const isOver = await isGuestOver(qmp);
  const word = isOver ? await readLastWord(qmp) : undefined;
  await keepConsole(record, qmp);
  return isOver ? getExit(word, await readConsoleEnd(record.spec.folder)) : undefined;
}

/** A guest that was reset, or whose kernel gave up, said nothing: that is no clean end, whatever QEMU calls it. */
export function getExit(word: LastWord | undefined, console: Buffer): Exit {
  if (word && 'exitCode' in word) return { code: word.exitCode, outOfMemory: word.outOfMemory };
  if (word) return { code: KILLED, outOfMemory: false, reason: `its guest gave up: ${word.failed}` };
  const panic = findPanic(console);
  const reason = panic
    ? `its kernel gave up: ${panic}`
    : 'its guest was reset or switched off, and did not say why';
  return { code: KILLED, outOfMemory: false, reason };
}

export async function keepConsole(record: MachineRecord, qmp: Qmp): Promise<void> {
  await appendConsole(record.spec.folder, record.spec.owner, await readConsoleRing(qmp));
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
  const reason = getReason('its QEMU process ended (exit 137)', words);
  return { code: KILLED, outOfMemory: false, reason };
}
