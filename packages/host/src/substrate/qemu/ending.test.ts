import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getVmFiles } from '../../system/paths.ts';
import { isRunning, readProcessId } from '../../system/process-id.ts';
import type { MachineEvent } from '../substrate.ts';
import { type Context, createContext } from './context.ts';
import { getEnding, settle } from './ending.ts';
import { createReader } from './reader.ts';
import type { MachineRecord } from './state.ts';
import { sayQmp, serveQmp } from './testing.ts';
import { watchMachines } from './watch.ts';

const NONE = Buffer.alloc(0);
test.each([
  ['exit 7', { exitCode: 7, outOfMemory: false }, '', 7, undefined],
  ['a word of failure', { failed: 'no disk' }, '', 137, 'its guest gave up: no disk'],
  [
    'a panic',
    undefined,
    'Kernel panic - not syncing: x\n',
    137,
    'its kernel gave up: Kernel panic - not syncing: x',
  ],
  ['a reset', undefined, '', 137, 'its guest was reset or switched off, and did not say why'],
])('getEnding: %s', (_, word, console, code, reason) => {
  const { exit, isMute } = getEnding(word, Buffer.from(console));
  expect(exit).toMatchObject({ code, outOfMemory: false });
  expect([exit.reason, isMute]).toEqual([reason, word === undefined]);
});

describe('a machine whose guest is told by its monitor', () => {
  const ID = '0123456789ab';
  const REF = { project: 'shop', sandbox: 'mercury' };
  const signal = () => AbortSignal.timeout(10_000);
  let home: string;
  let context: Context;
  let record: MachineRecord;
  let qmp: Awaited<ReturnType<typeof serveQmp>>;
  let processes: Bun.Subprocess[];
  let status: string;
  let rings: Record<string, Buffer>;

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'cspace-ending-'));
    const stateFolder = join(home, '0/vm');
    const { sockets } = getVmFiles(stateFolder, ID);
    for (const folder of [sockets, join(home, 'machine')]) mkdirSync(folder, { recursive: true });
    const never = () => Promise.reject(new Error('never called'));
    const images = { hasImage: never, ensureImage: never, find: never };
    context = createContext({
      homeLabel: '0',
      stateFolder,
      images,
      getAccel: never,
      deadlines: { monitor: 300 },
    });
    [status, rings] = ['running', {}];
    qmp = await serveQmp(join(sockets, 'qmp'), ({ id, execute, arguments: args }, socket) => {
      if (execute === 'query-status') return void sayQmp(socket, { id, return: { status } });
      const device = String(args?.device);
      sayQmp(socket, { id, return: (rings[device] ?? NONE).toString('base64') });
      rings[device] = NONE;
    });
    processes = [1, 2].map(() => Bun.spawn(['sleep', '60'], { timeout: 60_000 }));
    const [qemu, share] = processes.map(({ pid }) => readProcessId(pid) ?? null);
    record = {
      ...{ v: 1, id: ID, phase: 'running', qemu: qemu ?? null, share: share ?? null },
      ...{ address: '192.0.2.2', restored: false, startedAt: '', exit: null },
      spec: {
        ...{ ref: REF, homeLabel: '0', image: '', mounts: [], volumes: [], sysctls: {}, env: {} },
        owner: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
        network: 'nat',
        limits: { cpus: 1, memoryMiB: 256, pids: 64 },
        folder: join(home, 'machine'),
      },
    };
    await context.store.put(record);
  });
  afterEach(async () => {
    for (const process of processes) process.kill('SIGKILL');
    await Promise.all(processes.map(({ exited }) => exited));
    qmp.close();
    rmSync(home, { recursive: true });
  });
  const look = () => settle(record, signal(), context);
  const kill = async (index: number) => {
    processes[index]?.kill('SIGKILL');
    await processes[index]?.exited;
  };
  const areGone = () => [record.qemu, record.share].every((id) => id && !isRunning(id));

  test('settle: one that runs stays, and its console is kept', async () => {
    rings.console = Buffer.from('hello\n');
    expect(await look()).toEqual(record);
    expect(await look()).toEqual(record);
    expect(readFileSync(join(home, 'machine/console.log'), 'utf8')).toBe('hello\n');
  });
  test('settle: the exit code is the guest’s, and nothing of it is left', async () => {
    [status, rings.status] = ['shutdown', Buffer.from('exit 7 0\n')];
    expect(await look()).toMatchObject({ phase: 'ended', qemu: null, address: null, exit: { code: 7 } });
    expect(areGone()).toBe(true);
    expect(await context.store.find(REF)).toMatchObject({ phase: 'ended', exit: { code: 7 } });
  });
  test('settle: QEMU that is off without a word is no clean end', async () => {
    status = 'shutdown';
    expect((await look()).exit).toMatchObject({ code: 137, reason: expect.stringContaining('reset') });
  });
  test('settle: a log that cannot be written keeps nothing from its end', async () => {
    symlinkSync('/dev/null', join(home, 'machine/console.log'));
    [status, rings.console, rings.status] = ['shutdown', Buffer.from('x'), Buffer.from('exit 0 0\n')];
    expect((await look()).exit?.code).toBe(0);
  });
  test('settle: without the server of its folders it is ended, and says so', async () => {
    await kill(1);
    expect((await look()).exit).toMatchObject({ code: 137, reason: expect.stringContaining('virtiofsd') });
    expect(areGone()).toBe(true);
  });
  test('settle: without QEMU it has ended', async () => {
    await kill(0);
    expect((await look()).exit).toMatchObject({ code: 137, reason: expect.stringContaining('QEMU') });
    expect(areGone()).toBe(true);
  });
  test('settle: a process that has QEMU’s number by now is somebody else', async () => {
    const { qemu } = record;
    if (qemu) record = { ...record, qemu: { ...qemu, startTime: qemu.startTime - 1 } };
    expect((await look()).phase).toBe('ended');
    expect(processes[0]?.killed).toBe(false);
    expect(qemu && isRunning(qemu)).toBe(true);
  });
  test('settle: QEMU that does not answer runs on', async () => {
    qmp.close();
    expect(await look()).toEqual(record);
  });
  test('inspect: whoever changes it says what is seen of it meanwhile', async () => {
    const reader = createReader(context);
    const seen = await context.change(REF, signal(), () => reader.find(REF, signal()), 'stopping');
    expect(seen?.state).toBe('stopping');
    expect((await reader.find(REF, signal()))?.state).toBe('running');
  });
  test('watch: an end is told as QEMU tells it, also one that came before', async () => {
    const events: MachineEvent['type'][] = [];
    const reader = createReader(context);
    async function watchUntil(type: MachineEvent['type'], meanwhile: () => void): Promise<void> {
      const stop = new AbortController();
      const seen = new Promise<void>((resolve) => {
        const onEvent = (event: MachineEvent) => {
          events.push(event.type);
          if (event.type === type) resolve();
        };
        // Nothing but QEMU's word comes within the test.
        void watchMachines(onEvent, stop.signal, { context, reader, checkMs: 60_000 });
      });
      while (qmp.sockets.size === 0) await Bun.sleep(5);
      await Bun.sleep(50);
      meanwhile();
      await seen;
      stop.abort();
    }
    await watchUntil('exited', () => {
      [status, rings.status] = ['shutdown', Buffer.from('exit 3 0\n')];
      for (const socket of qmp.sockets) sayQmp(socket, { event: 'SHUTDOWN', data: { guest: true } });
    });
    await watchUntil('exited', () => undefined);
    expect(events).toEqual(['exited', 'exited']);
  });
});
