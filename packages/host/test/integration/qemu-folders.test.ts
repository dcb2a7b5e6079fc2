import { afterEach, beforeEach, describe, expect } from 'bun:test';
import { chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProblemError } from '@cspace/protocol/problem';
import { openShare, type Share, type ShareOptions } from '../../src/substrate/qemu/folders/open-share.ts';
import { getShareArgv } from '../../src/substrate/qemu/folders/share-argv.ts';
import {
  findVirtiofsd,
  parseVirtiofsdVersion,
  type Virtiofsd,
} from '../../src/substrate/qemu/folders/virtiofsd.ts';
import {
  isRunning,
  type ProcessId,
  readProcessId,
  signalProcess,
  waitForEnd,
} from '../../src/system/process-id.ts';
import { readMostOpenFiles } from '../../src/system/process-limits.ts';
import { testUnless } from '../support/test-unless.ts';

const PATH = process.env.PATH ?? '';
const OWNER = { uid: 1501, gid: 1502 };
const MACHINE_UID = 296_608;
const signal = () => AbortSignal.timeout(20_000);

/** Those to be tried: the host's, and one whose command is given (`ld.so --library-path … virtiofsd`). */
async function findAll(): Promise<Virtiofsd[]> {
  const given = process.env.CSPACE_TEST_VIRTIOFSD?.split(' ') ?? [];
  const version = () => Bun.spawnSync([...given, '--version'], { timeout: 10_000 }).stdout.toString();
  const parsed = given.length > 0 ? parseVirtiofsdVersion(version()) : undefined;
  const found = await findVirtiofsd(PATH, signal());
  return [...(found ? [found] : []), ...(parsed ? [{ argv: given, ...parsed }] : [])];
}

const all = process.getuid?.() === 0 ? await findAll() : [];
const test = testUnless(
  process.getuid?.() !== 0 ? 'needs root' : all.length === 0 ? 'there is no virtiofsd here' : undefined,
);

let folder = '';
const started: ProcessId[] = [];
const sockets: Socket[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-folders-'));
  for (const name of ['rw', 'with space, "quotes"', 'machine']) mkdirSync(join(folder, name));
  chownSync(join(folder, 'rw'), OWNER.uid, OWNER.gid);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const id of started.splice(0)) {
    signalProcess(id, 'SIGKILL');
    expect(await waitForEnd(id, 5000)).toBe(true);
  }
  rmSync(folder, { recursive: true });
});

const getOptions = (change: Partial<ShareOptions> = {}): ShareOptions => ({
  mounts: [
    { source: join(folder, 'rw'), readOnly: false },
    { source: join(folder, 'with space, "quotes"'), readOnly: true },
  ],
  owner: OWNER,
  socket: join(folder, 'machine/fs'),
  socketUid: MACHINE_UID,
  mountpoint: join(folder, 'machine/share'),
  path: PATH,
  ...change,
});

async function open(change: Partial<ShareOptions> = {}): Promise<Share> {
  const share = await openShare(getOptions(change), signal());
  started.push(share);
  await share.serving;
  return share;
}

/** As QEMU does first of all: the server sandboxes itself then. */
async function connectTo(path: string): Promise<Socket> {
  const socket = connect({ path });
  socket.on('error', () => undefined);
  sockets.push(socket);
  await new Promise((done) => socket.once('connect', done));
  return socket;
}

async function waitFor<T>(what: string, look: () => T | undefined): Promise<T> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`not within 10 s: ${what}`);
    await Bun.sleep(20);
  }
}

const status = (pid: number, field: string) =>
  new RegExp(`^${field}:[ \\t]*(.*?) ?$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
/** Mount points with their options. */
const mountsOf = (pid: number) =>
  readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, , , , at = '', options = '']) => ({ at, options: options.split(',') }));
/** The process that serves: the child of the one that waits for it. */
const findWorker = (pid: number) =>
  waitFor('a worker', () => {
    const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
    return child > 0 && status(child, 'Seccomp') === '2' ? child : undefined;
  });

for (const virtiofsd of all) {
  const share = (change: Partial<ShareOptions> = {}) => open({ virtiofsd, ...change });

  describe(`openShare with virtiofsd ${virtiofsd.version}`, () => {
    test('root of a user namespace in which dev is the owner, and nobody else is anybody', async () => {
      const { pid } = await share();
      const ids = (file: string) =>
        readFileSync(`/proc/${pid}/${file}`, 'utf8').trim().split(/\s+/).map(Number);
      expect(ids('uid_map')).toEqual([0, 231_072, 1000, 1000, 1501, 1, 1001, 232_073, 64_535]);
      expect(ids('gid_map')).toEqual([0, 231_072, 1000, 1000, 1502, 1, 1001, 232_073, 64_535]);
      expect(status(pid, 'Uid')).toStartWith('231072\t');
      expect([status(pid, 'Groups'), status(pid, 'NoNewPrivs'), status(pid, 'CapAmb')]).toEqual([
        '',
        '1',
        '0000000000000000',
      ]);
    });
    test('the folders are mounted where nobody else sees it, without devices and setuid', async () => {
      const { pid } = await share();
      const at = `/run${join(folder, 'machine/share')}`;
      // The one in Rust is in its sandbox by now: the share is its root.
      const found = mountsOf(pid)
        .map((mount) => ({ ...mount, at: mount.at.replace(at, '') }))
        .filter((mount) => /^\/[01]$/.test(mount.at));
      const has = (options: string[]) =>
        ['ro', 'rw', 'nosuid', 'nodev'].filter((name) => options.includes(name));
      expect(found.map((mount) => [mount.at, ...has(mount.options)])).toEqual([
        ['/0', 'rw', 'nosuid', 'nodev'],
        ['/1', 'ro', 'nosuid', 'nodev'],
      ]);
      expect(mountsOf(process.pid).filter((mount) => mount.at.startsWith(folder))).toEqual([]);
      expect(readdirSync(join(folder, 'machine'))).toEqual(['fs']);
    });
    test('once connected it sees the folders and nothing else, and has no network', async () => {
      const { pid } = await share();
      await connectTo(join(folder, 'machine/fs'));
      const worker = await findWorker(pid);
      expect(mountsOf(worker).map((mount) => mount.at)).toEqual(['/', '/0', '/1']);
      expect(status(worker, 'CapBnd')).toBe('0000000000000000');
      expect(statSync(`/proc/${worker}/ns/net`).ino).not.toBe(statSync('/proc/self/ns/net').ino);
    });
    test('it ends when its connection does', async () => {
      const one = await share();
      const socket = await connectTo(join(folder, 'machine/fs'));
      const worker = readProcessId(await findWorker(one.pid));
      socket.destroy();
      expect(await one.ended).toBe('exit 0');
      expect(worker && isRunning(worker)).toBe(false);
    });
    test('fault-14: killed, its worker goes with it, and the other way round', async () => {
      for (const victim of ['parent', 'worker']) {
        const one = await share();
        await connectTo(join(folder, 'machine/fs'));
        const worker = readProcessId(await findWorker(one.pid));
        if (!worker) throw new Error('it has ended');
        signalProcess(victim === 'parent' ? one : worker, 'SIGKILL');
        expect([victim, await waitForEnd(one, 5000), await waitForEnd(worker, 5000)]).toEqual([
          victim,
          true,
          true,
        ]);
      }
    });
    test('trap-39: it may hold as many files open as the host gives', async () => {
      const { pid } = await share();
      const limit = /^Max open files\s+(\d+)\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'));
      const most = String(await readMostOpenFiles());
      expect(limit?.slice(1)).toEqual([most, most]);
    });
  });
}

describe('openShare', () => {
  test('socket: the machine’s user and root alone', async () => {
    await open();
    const socket = join(folder, 'machine/fs');
    const { uid, gid, mode } = statSync(socket);
    expect([uid, gid, mode & 0o777]).toEqual([MACHINE_UID, MACHINE_UID, 0o600]);
    for (const path of [folder, join(folder, 'machine')]) Bun.spawnSync(['chmod', '755', path]);
    const call = (id: number) =>
      Bun.spawnSync(
        [
          ...['setpriv', '--reuid', String(id), '--regid', String(id), '--clear-groups'],
          ...['perl', '-MIO::Socket::UNIX', '-e', 'exit(IO::Socket::UNIX->new(shift) ? 0 : 1)', socket],
        ],
        { timeout: 10_000 },
      ).exitCode;
    expect([call(MACHINE_UID + 1), call(OWNER.uid), call(MACHINE_UID)]).toEqual([1, 1, 0]);
  });
  test('it lives on when whoever started it is killed, and serves', async () => {
    const script = fileURLToPath(import.meta.resolve('../support/open-share.ts'));
    const starter = Bun.spawn([process.execPath, script, JSON.stringify(getOptions())], {
      stdout: 'pipe',
      stderr: 'inherit',
      timeout: 30_000,
    });
    const { value } = await starter.stdout.getReader().read();
    const id: ProcessId = JSON.parse(new TextDecoder().decode(value));
    started.push(id);
    starter.kill('SIGKILL');
    await starter.exited;
    await connectTo(join(folder, 'machine/fs'));
    await findWorker(id.pid);
    expect(isRunning(id)).toBe(true);
  });
  test('a start that is cut off before it has its ids leaves nothing', async () => {
    const argv = getShareArgv({
      mounts: getOptions().mounts,
      folder: '/run/machine',
      openFiles: 1024,
      server: ['sleep', '60'],
    });
    const child = Bun.spawn(argv, { stdin: 'ignore', stdout: 'pipe', timeout: 20_000 });
    expect(await new Response(child.stdout).text()).toBe('wants ids\n');
    expect(await child.exited).not.toBe(0);
  });
  test('a folder that is not there: machine-failed, with what mount said; nothing is left', async () => {
    const mounts = [{ source: join(folder, 'gone'), readOnly: false }];
    const error = await open({ mounts }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ProblemError);
    expect((error as ProblemError).problem).toMatchObject({
      code: 'machine-failed',
      why: expect.stringMatching(/gone/),
    });
  });
  test('an id that is taken already: machine-failed', async () => {
    const error = await open({ owner: { uid: 231_100, gid: 0 } }).catch((error: unknown) => error);
    expect((error as ProblemError).problem).toMatchObject({ code: 'machine-failed' });
  });
  test('the signal ends it', async () => {
    const error = await openShare(getOptions(), AbortSignal.abort()).catch((error: unknown) => error);
    expect((error as ProblemError).problem).toMatchObject({ code: 'interrupted' });
  });
});
