import { afterAll, afterEach, beforeAll, describe, expect } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { endConnections } from '../../src/substrate/qemu/ssh/connections.ts';
import { signalInside } from '../../src/substrate/qemu/ssh/signal.ts';
import { getSshPaths } from '../../src/system/paths.ts';
import {
  countProcesses,
  getSshObstacle,
  LOST,
  listOwn,
  listOwnPids,
  makeSshGuest,
  type SshGuest,
  shell,
  UID,
  until,
} from '../support/ssh-guest.ts';
import { testUnless } from '../support/test-unless.ts';

const reason = getSshObstacle();
const test = testUnless(reason);

let guest: SshGuest;
beforeAll(async () => {
  if (reason === undefined) guest = await makeSshGuest('127.0.0.1');
});
afterAll(async () => await guest?.dispose());

/** Connections to sshd that are logged in. */
const countSessions = () =>
  Bun.spawnSync(['ss', '-Htn', 'state', 'established', 'sport', '=', ':22'], { stdout: 'pipe' })
    .stdout.toString()
    .trim()
    .split('\n')
    .filter(Boolean).length;

describe('getSshArgv: the client', () => {
  test('is the machine’s user, without any right', async () => {
    const marker = randomUUID();
    const child = Bun.spawn(guest.argv(['sleep', '63'], { env: { CSPACE_EXEC: marker } }), {
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'ignore',
    });
    await until(() => countProcesses('sleep 63') === 1);
    const pids = listOwnPids();
    expect(pids.length).toBeGreaterThanOrEqual(3);
    for (const pid of pids) {
      const status = await Bun.file(`/proc/${pid}/status`).text();
      expect(status).toMatch(new RegExp(`^Uid:\\t${UID}\\t${UID}\\t${UID}\\t${UID}$`, 'm'));
      expect(status).toMatch(new RegExp(`^Gid:\\t${UID}\\t${UID}\\t${UID}\\t${UID}$`, 'm'));
      expect(status).toMatch(/^Groups:\t *$/m);
      for (const set of ['Inh', 'Prm', 'Eff', 'Amb'])
        expect(status).toMatch(new RegExp(`^Cap${set}:\\t0+$`, 'm'));
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    }
    child.kill('SIGKILL');
    await child.exited;
    await until(() => listOwn().length === 1);
    expect(listOwn()[0]).toContain(' -M ');
    await signalInside(guest.machine, marker, 'SIGKILL');
  });

  test('may read its key and nothing else that is secret, and write only the folder of its connection', () => {
    const { folder, key, hostKey, config, passwd, knownHosts, mux } = getSshPaths(guest.machine.folder);
    const may = (flag: string, path: string) =>
      Bun.spawnSync(['setpriv', '--reuid', String(UID), '--clear-groups', 'test', flag, path]).exitCode === 0;
    for (const path of [key, config, passwd, knownHosts])
      expect([path, may('-r', path)]).toEqual([path, true]);
    expect(may('-r', hostKey)).toBe(false);
    for (const path of [folder, config, passwd, knownHosts])
      expect([path, may('-w', path)]).toEqual([path, false]);
    expect(may('-w', mux)).toBe(true);
    expect(Bun.spawnSync(['setpriv', '--reuid', '65534', '--clear-groups', 'cat', key]).exitCode).not.toBe(0);
  });

  test('does not speak with a guest that has another key', async () => {
    const stranger = await makeSshGuest('127.0.0.2');
    const { code, out, err } = await guest.exec(
      ['echo', 'a'],
      {},
      { ...guest.machine, folder: stranger.machine.folder },
    );
    expect({ code, out }).toEqual({ code: 255, out: '' });
    expect(err).toMatch(/REMOTE HOST IDENTIFICATION HAS CHANGED[\s\S]*cspace: no connection/);
    await stranger.dispose();
  });
});

describe('getSshArgv: the kept connection', () => {
  afterEach(async () => {
    if (reason === undefined) await endConnections(guest.machine.folder);
  });

  test('is one, however many come first at the same time', async () => {
    await endConnections(guest.machine.folder);
    await until(() => countSessions() === 0);
    const all = Array.from({ length: 25 }, (_, n) => guest.exec(shell(`sleep 1; echo ${n}`)));
    await until(() => countSessions() > 0);
    const outcomes = await Promise.all(all);
    expect(outcomes).toEqual(outcomes.map((_, n) => ({ code: 0, out: `${n}\n`, err: '' })));
    expect(countSessions()).toBe(1);
    expect(listOwn()).toHaveLength(1);
  });

  test('is made anew where it was killed', async () => {
    for (let n = 0; n < 2; n += 1) {
      expect(await guest.exec(['true'])).toEqual({ code: 0, out: '', err: '' });
      for (const pid of listOwnPids()) process.kill(pid, 'SIGKILL');
      await until(() => listOwn().length === 0);
    }
  });

  test('that is ended ends whoever uses it, and says so; nothing is left', async () => {
    const marker = randomUUID();
    const env = { CSPACE_EXEC: marker };
    const running = [false, true].map((tty) => guest.exec(['sleep', '60'], { tty, env }));
    await until(() => countProcesses('sleep 60') === 2);
    expect(await endConnections(guest.machine.folder)).toBeGreaterThan(0);
    for (const outcome of await Promise.all(running))
      expect(outcome).toEqual({ code: 255, out: '', err: LOST });
    expect(listOwn()).toEqual([]);
    expect(await endConnections(guest.machine.folder)).toBe(0);
    await signalInside(guest.machine, marker, 'SIGKILL');
  });
});

describe('fault-14: getSshArgv: a guest that goes', () => {
  afterEach(async () => {
    if (reason !== undefined) return;
    await endConnections(guest.machine.folder);
    await guest.end();
    await guest.startSshd();
  });

  test('while a command runs', async () => {
    const running = guest.exec(shell('echo started; sleep 62'));
    await until(() => countProcesses('sleep 62') === 1);
    await guest.end();
    expect(await running).toEqual({ code: 255, out: 'started\n', err: LOST });
  });

  test('and says nothing: whoever comes then is let go when its connections are ended', async () => {
    expect((await guest.exec(['true'])).code).toBe(0);
    const silence =
      'table inet silence { chain c { type filter hook input priority 0; tcp dport 22 drop; }; }';
    expect(Bun.spawnSync(['nft', silence]).exitCode).toBe(0);
    try {
      const waiting = guest.exec(['true']);
      await until(() => listOwn().some((line) => line.startsWith('ssh') && line.includes('-T')));
      await Bun.sleep(300);
      await endConnections(guest.machine.folder);
      expect(await waiting).toEqual({ code: 255, out: '', err: expect.stringContaining(LOST) });
    } finally {
      Bun.spawnSync(['nft', 'delete table inet silence']);
    }
  });

  test('before a command comes', async () => {
    await endConnections(guest.machine.folder);
    await guest.end();
    const { code, err } = await guest.exec(['true']);
    expect(code).toBe(255);
    expect(err).toMatch(/Connection refused\r?\n[\s\S]*no connection to the sandbox/);
  });
});
