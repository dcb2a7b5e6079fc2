import { describe, expect, test } from 'bun:test';
import { getOwner } from './owner.ts';
import { spawnDetached } from './spawn-detached.ts';

const owner = getOwner({});
const start = (argv: string[], failWithinMs = 10_000) =>
  spawnDetached(argv, { env: { PATH: process.env.PATH }, owner, failWithinMs });

describe('spawnDetached', () => {
  test.each([
    ['ends well', ['true'], undefined],
    ['ends otherwise', ['sh', '-c', 'exit 3'], 'ended with 3'],
    ['is not there', ['cspace-no-such-program'], 'not installed'],
  ])('a program that %s', async (_, argv, expected) => {
    expect(await start(argv)).toBe(expected);
  });

  test('does not wait for a program that stays, which is in a session of its own', async () => {
    const script = 'echo $$ $(ps -o sid= -p $$) >&3';
    const file = `${process.env.TMPDIR ?? '/tmp'}/cspace-detached-${process.pid}`;
    expect(await start(['sh', '-c', `exec 3>${file}; ${script}; exec sleep 20`], 500)).toBeUndefined();
    const [pid, session] = (await Bun.file(file).text()).trim().split(/\s+/);
    await Bun.file(file).delete();
    process.kill(Number(pid), 'SIGKILL');
    expect(session).toBe(pid);
  });
});
