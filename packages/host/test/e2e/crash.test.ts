import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findInside, killInside } from '../support/guest-processes.ts';
import { patient } from '../support/substrate-under-test.ts';
import { createWorld, getDaemonPid, isAlive, type World, waitUntil } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = createWorld();
  expect(await world.cspace(['up', 'mercury'])).toMatchObject({ code: 0 });
});
afterAll(() => world.dispose());
afterEach(async () => {
  // Whatever was killed: the next command works.
  expect(await world.cspace(['exec', 'mercury', '--', 'true'])).toMatchObject({ code: 0 });
});

async function getEvents(
  type?: string,
): Promise<{ type: string; turn?: string; data: Record<string, unknown> }[]> {
  const logs = await world.cspace(['logs', 'mercury', '--json']);
  const events = logs.stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return type === undefined ? events : events.filter((event) => event.type === type);
}

async function send(text: string): Promise<string> {
  const sent = await world.cspace(['send', 'mercury', text, '--json']);
  expect(sent.code).toBe(0);
  return JSON.parse(sent.stdout).id;
}

async function waitForTurn(id: string, type: string) {
  let found: { data: Record<string, unknown> } | undefined;
  await waitUntil(
    `${type} of ${id}`,
    async () => {
      found = (await getEvents(type)).find((event) => event.turn === id);
      return found !== undefined;
    },
    60_000,
  );
  return found?.data ?? {};
}

async function expectEndedOnce(ids: string[]) {
  const ended = (await getEvents('turn.ended')).map((event) => event.turn);
  for (const id of ids) expect(ended.filter((turn) => turn === id)).toHaveLength(1);
}

const SLOW_TOOL = `run: timeout ${patient(4)} tail -f /dev/null; echo slow tool over`;

describe('kill -9', () => {
  test('of Claude Code in a turn: the turn ends once, the conversation goes on', async () => {
    const id = await send(SLOW_TOOL);
    await waitForTurn(id, 'turn.tool_call');
    await killInside(world, 'mercury', /^\/usr\/local\/bin\/claude |claude --output-format/);
    expect((await waitForTurn(id, 'turn.ended')).outcome).toBe('completed');
    await expectEndedOnce([id]);
    const after = await world.cspace(['send', 'mercury', '--follow', 'run: echo still here']);
    expect(after.stdout).toContain('still here');
  });

  test('of the supervisor with turns waiting: the sandbox says exited, the next up ends every turn once', async () => {
    const ids = [await send(SLOW_TOOL), await send('run: echo second'), await send('run: echo third')];
    await waitForTurn(ids[0] ?? '', 'turn.tool_call');
    await killInside(world, 'mercury', /cspace-supervisor/);
    await waitUntil('the sandbox is seen to have exited', async () => {
      const status = await world.cspace(['status', 'mercury', '--json']);
      return JSON.parse(status.stdout).state === 'exited';
    });
    expect(await world.cspace(['up', 'mercury'])).toMatchObject({ code: 0 });
    for (const id of ids) await waitForTurn(id, 'turn.ended');
    await expectEndedOnce(ids);
  });

  test('of the daemon in a turn: the sandbox runs on, the next command finds it and the turn', async () => {
    const id = await send(SLOW_TOOL);
    await waitForTurn(id, 'turn.tool_call');
    process.kill(getDaemonPid(world.home) ?? 0, 'SIGKILL');
    expect(await world.cspace(['ls', '--json'])).toMatchObject({ code: 0 });
    const status = JSON.parse((await world.cspace(['status', 'mercury', '--json'])).stdout);
    expect(status.state).toBe('running');
    await waitForTurn(id, 'turn.ended');
    await expectEndedOnce([id]);
  });

  test.each([50, 150, 300, 500, 800])(
    'of the CLI %i ms into an up: nothing is left, the name is free',
    async (ms) => {
      const up = world.start(['up', 'venus']);
      await Bun.sleep(patient(ms));
      up.kill('SIGKILL');
      await up.exited;
      await waitUntil('the half-made sandbox is gone, or the whole one runs', async () => {
        const { sandboxes } = JSON.parse((await world.cspace(['ls', '--json'])).stdout);
        const venus = sandboxes.find((s: { sandbox: string }) => s.sandbox === 'venus');
        return venus === undefined || venus.state === 'running';
      });
      expect(await world.cspace(['up', 'venus'])).toMatchObject({ code: 0 });
      expect(await world.cspace(['rm', 'venus'])).toMatchObject({ code: 0 });
      expect(readdirSync(join(world.home, 'clones/shop'))).toEqual(['mercury']);
      expect(readdirSync(join(world.home, 'machines/shop'))).toEqual(['mercury']);
    },
  );

  test.each([100, 300, 600])('of the daemon %i ms into an up: the next up works', async (ms) => {
    const up = world.start(['up', 'venus']);
    await Bun.sleep(patient(ms));
    const pid = getDaemonPid(world.home) ?? 0;
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    await up.exited;
    expect(await world.cspace(['up', 'venus'])).toMatchObject({ code: 0 });
    expect(await world.cspace(['rm', 'venus'])).toMatchObject({ code: 0 });
    expect(readdirSync(join(world.home, 'machines/shop'))).toEqual(['mercury']);
  });
});

describe('interrupt', () => {
  test('in mid-stream ends the turn as interrupted, exit 130 for its follower', async () => {
    const follower = world.start(['send', 'mercury', '--follow', 'script:slow-stream']);
    await waitUntil('the turn started', async () => {
      const status = JSON.parse((await world.cspace(['status', 'mercury', '--json'])).stdout);
      return status.supervisor?.turn !== null;
    });
    await Bun.sleep(600);
    expect(await world.cspace(['interrupt', 'mercury'])).toMatchObject({ code: 0 });
    expect(await follower.exited).toBe(130);
  });

  test('in mid-tool ends the turn as interrupted, and the tool', async () => {
    const id = await send('run: timeout 60 tail -f /dev/null');
    await waitForTurn(id, 'turn.tool_call');
    expect(await world.cspace(['interrupt', 'mercury'])).toMatchObject({ code: 0 });
    expect((await waitForTurn(id, 'turn.ended')).outcome).toBe('interrupted');
    await waitUntil(
      'the tool is gone',
      async () => (await findInside(world, 'mercury', /tail -f \/dev\/null/)).length === 0,
    );
    const after = await world.cspace(['send', 'mercury', '--follow', 'run: echo usable']);
    expect(after.stdout).toContain('usable');
  });

  test('of an idle agent is a conflict, exit 5', async () => {
    expect(await world.cspace(['interrupt', 'mercury'])).toMatchObject({ code: 5 });
  });
});
