import { afterEach, beforeEach, expect, test } from 'bun:test';
import { createWorld, TEST_MS, type World } from '../world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
  await world.start();
});
afterEach(() => world.close());

const interrupt = () => world.call('/interrupt', { method: 'POST' });

/** Interrupts, and checks that the turn ended so, once, and that the session goes on. */
async function expectInterrupted(turn: string): Promise<void> {
  const response = await interrupt();
  expect([response.status, await response.json()]).toEqual([200, { turn }]);
  expect((await world.ended(turn)).data.outcome).toBe('interrupted');
  const next = await world.send('run: echo usable');
  expect((await world.ended(next)).data.outcome).toBe('completed');
  expect(await world.of('turn.ended', turn)).toHaveLength(1);
}

test(
  'interrupt: in mid-stream',
  async () => {
    const turn = await world.send('script:slow-stream 200 100');
    await world.until('a request', async () => world.model.requests.length > 0);
    await Bun.sleep(300);
    await expectInterrupted(turn);
  },
  TEST_MS,
);

test(
  'interrupt: in mid-tool, which ends with it',
  async () => {
    const turn = await world.send('script:slow-tool 60');
    await world.until('the tool', async () => (await world.agentPids()).length > 1);
    await expectInterrupted(turn);
    // Claude Code says that the turn is over while it still ends the tool.
    await world.until('the tool is gone', async () => (await world.agentPids()).length === 1);
  },
  TEST_MS,
);

test(
  'interrupt: of a turn that was sent just now',
  async () => {
    await world.until('idle', async () => (await world.health()).state === 'idle');
    await expectInterrupted(await world.send('script:slow-stream 200 100'));
  },
  TEST_MS,
);

test(
  'interrupt: takes the running turn only, the next begins then',
  async () => {
    const first = await world.send('script:slow-stream 200 100');
    const second = await world.send('run: echo second');
    await world.until('a request', async () => world.model.requests.length > 0);
    expect(await (await interrupt()).json()).toEqual({ turn: first });
    expect((await world.ended(second)).data.outcome).toBe('completed');
  },
  TEST_MS,
);

test(
  'interrupt: an idle agent has nothing to interrupt, before and after a turn',
  async () => {
    expect((await interrupt()).status).toBe(409);
    await world.ended(await world.send('hello'));
    const response = await interrupt();
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ problem: { code: 'nothing-to-interrupt' } });
  },
  TEST_MS,
);
