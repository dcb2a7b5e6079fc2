import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findDaemon } from '../../src/client/connect.ts';
import { getDaemonEnv, startDaemon } from '../../src/client/start-daemon.ts';
import { getPaths } from '../../src/system/paths.ts';
import { createContext } from '../support/cli-context.ts';
import { testUnless } from '../support/test-unless.ts';

const self = [process.execPath, fileURLToPath(import.meta.resolve('../support/stand-in-daemon.ts'))];

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'cspace-start-'));
});
afterEach(async () => {
  await stop();
  await rm(home, { recursive: true });
});

function getContext() {
  return createContext([], { env: { CSPACE_HOME: home }, self }).context;
}

const start = () => startDaemon({ home, context: getContext() });
const behave = (how: string) => writeFile(join(home, 'behaviour'), how);

async function getStarts(): Promise<number[]> {
  const text = await readFile(join(home, 'starts'), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean).map(Number);
}

async function stop() {
  for (const pid of await getStarts()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has left already.
    }
  }
}

describe('startDaemon', () => {
  test('returns when the daemon answers; again it is the same one', async () => {
    await behave('slow');
    await start();
    await start();
    const [pid, ...more] = await getStarts();
    expect(more).toEqual([]);
    expect((await findDaemon(getContext()))?.hello.pid).toBe(pid as number);
  });

  test('twenty at once start exactly one, and all of them see it', async () => {
    await Promise.all(Array.from({ length: 20 }, start));
    expect(await getStarts()).toHaveLength(1);
  }, 30_000);

  test('gives it a session of its own and a log instead of our streams', async () => {
    await start();
    const [pid = 0] = await getStarts();
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
    expect(Number(fields[3])).toBe(pid);
    const { mode } = await stat(getPaths(home).daemonLog);
    expect(mode & 0o777).toBe(0o600);
    const { readlink } = await import('node:fs/promises');
    expect(await readlink(`/proc/${pid}/fd/1`)).toBe(getPaths(home).daemonLog);
  });

  test('throws the problem that the daemon ended with', async () => {
    await behave('fail');
    const { ProblemError } = await import('@cspace/protocol/problem');
    const error = await start().catch((error) => error);
    expect(error).toBeInstanceOf(ProblemError);
    expect(error.problem).toEqual({ code: 'engine-missing', message: 'podman is not installed' });
  });

  test('tells the last words of one that crashed', async () => {
    await behave('crash');
    const error = await start().catch((error) => error);
    expect(error.problem).toMatchObject({
      code: 'daemon-unreachable',
      message: expect.stringContaining('exit code 1'),
    });
    expect(error.problem.why).toContain('planned crash');
  });

  test('starts where a dead socket and a lock file without a holder are left', async () => {
    await start();
    await stop();
    await Bun.sleep(50);
    await start();
    expect(await getStarts()).toHaveLength(2);
  });
});

describe('connectDaemon', () => {
  testUnless(process.getuid?.() === 0 ? undefined : 'needs root: else it goes through sudo')(
    'replaces a daemon of another version',
    async () => {
      await behave('old');
      // The old one never satisfies `start`; it only has to be there.
      const starting = start().catch(() => undefined);
      while ((await getStarts()).length === 0 || !(await findDaemon(getContext()).catch(() => undefined)))
        await Bun.sleep(20);
      await behave('');
      const { connectDaemon } = await import('../../src/client/connect.ts');
      const client = await connectDaemon(getContext());
      expect(await client.list()).toEqual({ sandboxes: [] });
      expect((await findDaemon(getContext()))?.hello.version).not.toBe('0.0.1');
      expect(await getStarts()).toHaveLength(2);
      await starting;
    },
    20_000,
  );
});

describe('getDaemonEnv', () => {
  test('keeps who called through sudo and no secret, path or setting of anybody else', () => {
    const env = getDaemonEnv({
      SUDO_UID: '1001',
      ANTHROPIC_API_KEY: 'sk-ant-api-x',
      PATH: '/evil',
      LD_PRELOAD: '/evil.so',
      BUN_OPTIONS: '--inspect',
    });
    expect(env).toEqual({ SUDO_UID: '1001', PATH: expect.not.stringContaining('evil'), LANG: 'C.UTF-8' });
  });
});
