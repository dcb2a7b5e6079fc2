import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getMachineHand } from '../support/machine-hand.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = createWorld();
  expect(await world.cspace(['up', 'mercury', '-m', 'run: echo first'])).toMatchObject({ code: 0 });
});
afterAll(() => world.dispose());

const guest = (script: string) => world.cspace(['exec', 'mercury', '--', 'sudo', 'sh', '-c', script]);

describe('what a sandbox plants in its session folder', () => {
  test('a symbolic link in place of events.ndjson is not followed', async () => {
    const canary = join(world.folder, 'canary');
    const forged = { v: 1, seq: 1, at: '', session: null, type: 'turn.text', data: { text: 'CANARY' } };
    writeFileSync(canary, `${JSON.stringify(forged)}\n`);
    const planted = await guest(
      `mv /sessions/events.ndjson /sessions/kept && ln -s ${canary} /sessions/events.ndjson`,
    );
    expect(planted).toMatchObject({ code: 0 });
    const logs = await world.cspace(['logs', 'mercury'], { timeoutMs: 10_000 });
    expect(logs.stdout).not.toContain('CANARY');
    expect(logs.code).toBe(0);
  });

  test('a FIFO in place of events.ndjson blocks nobody', async () => {
    expect(await guest('rm /sessions/events.ndjson && mkfifo /sessions/events.ndjson')).toMatchObject({
      code: 0,
    });
    const logs = await world.cspace(['logs', 'mercury'], { timeoutMs: 10_000 });
    expect(logs.code).toBe(0);
    const status = await world.cspace(['status', 'mercury'], { timeoutMs: 10_000 });
    expect(status.code).toBe(0);
    expect(
      await guest('rm /sessions/events.ndjson && mv /sessions/kept /sessions/events.ndjson'),
    ).toMatchObject({
      code: 0,
    });
  });

  test('a symbolic link in place of the transcripts is never bound', async () => {
    const target = join(world.folder, 'target');
    Bun.spawnSync(['mkdir', target]);
    // A bind's target cannot be renamed inside; from the session folder's side it can.
    expect(await guest(`mv /sessions/claude /sessions/c && ln -s ${target} /sessions/claude`)).toMatchObject({
      code: 0,
    });
    await world.cspace(['down', 'mercury']);
    const up = await world.cspace(['up', 'mercury']);
    expect(up.code).toBe(5);
    expect(up.stderr).toContain('tampered');
    expect(readdirSync(target)).toEqual([]);
    Bun.spawnSync(['sh', '-c', 'rm claude && mv c claude'], {
      cwd: join(world.home, 'sessions/shop/mercury'),
    });
    expect(await world.cspace(['up', 'mercury'])).toMatchObject({ code: 0 });
  });

  test('escape sequences in an event do not reach the terminal', async () => {
    await world.cspace(['send', 'mercury', '--follow', "run: printf '\\033]0;owned\\007'"]);
    expect((await world.cspace(['logs', 'mercury'])).stdout).not.toContain('\u001b]0;');
  });
});

test('the host’s /dev/null stays root’s, and the guest’s root cannot change it', async () => {
  const before = statSync('/dev/null');
  await guest('chmod 700 /dev/null; chmod 700 /proc/1/fd/0; chmod 700 /proc/self/fd/0; true');
  const now = statSync('/dev/null');
  expect([now.uid, now.gid, now.mode]).toEqual([0, 0, before.mode]);
});

describe('secrets', () => {
  const secret = 'sk-ant-api03-CANARY-0123456789';

  test('stand on no command line, in no record, log or engine state', async () => {
    const machine = getMachineHand(world, 'shop', 'venus');
    const ps: string[] = [];
    const watching = setInterval(() => {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        try {
          ps.push(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
        } catch {
          // It ended meanwhile.
        }
      }
    }, 10);
    const up = await world.cspace(['up', 'venus'], { env: { ANTHROPIC_API_KEY: secret, GH_TOKEN: secret } });
    clearInterval(watching);
    expect(up.code).toBe(0);
    expect(up.stderr + up.stdout).not.toContain('CANARY');
    expect(ps.some((line) => line.includes(machine.program))).toBe(true);
    expect(ps.filter((line) => line.includes('CANARY'))).toEqual([]);
    for (const file of ['daemon.log', 'registry/shop/venus.json', 'journal/shop/venus.ndjson']) {
      expect(readFileSync(join(world.home, file), 'utf8')).not.toContain('CANARY');
    }
    expect(await machine.readRecords()).toContain('venus');
    expect(await machine.readRecords()).not.toContain('CANARY');
  });

  test('are there for a command inside, gh under its own name', async () => {
    const exec = await world.cspace(['exec', 'venus', '--', 'sh', '-c', 'echo $ANTHROPIC_API_KEY $GH_TOKEN']);
    expect(exec.stdout.trim()).toBe(`${secret} ${secret}`);
  });

  test('a secrets.env that others can read is refused, exit 2, with the command that mends it', async () => {
    writeFileSync(join(world.home, 'secrets.env'), `ANTHROPIC_API_KEY=${secret}\n`, { mode: 0o644 });
    const up = await world.cspace(['up', 'earth']);
    expect(up.code).toBe(2);
    expect(up.stderr).toContain('chmod 600');
    expect(up.stderr).not.toContain('CANARY');
    expect(JSON.parse((await world.cspace(['ls', '--json'])).stdout).sandboxes).toHaveLength(2);
  });
});
