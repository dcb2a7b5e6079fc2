import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { rm, writeFile } from 'node:fs/promises';
import { createExpectations } from '../expectations.ts';
import { createWorld, TEST_MS, type World } from '../world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const { isWorking, expectEndedOnce, expectRemembered } = createExpectations(() => world);

describe('SIGTERM of the supervisor', () => {
  test(
    'in mid-stream, three times: the next start goes on with turn and conversation',
    async () => {
      await world.start();
      await world.ended(await world.send('run: echo marker-three'));
      const turn = await world.send('script:slow-stream 20 100');
      for (let round = 0; round < 3; round += 1) {
        const requests = world.model.requests.length;
        await world.until('a request', async () => world.model.requests.length > requests);
        await Bun.sleep(300);
        expect(await world.stop()).toBe(0);
        expect(await world.agentPids()).toEqual([]);
        await world.start();
      }
      // Three stops in one turn are no failure of the turn.
      await expectEndedOnce(turn);
      const exits = await world.of('agent.exited');
      expect(exits.map((each) => each.data.expected)).toEqual([true, true, true]);
      await expectRemembered('marker-three');
      const sessions = new Set((await world.events()).map((each) => each.session).filter(Boolean));
      expect(sessions.size).toBe(1);
    },
    TEST_MS,
  );

  test(
    'in mid-tool: the tool ends with the agent, which learns of it and goes on',
    async () => {
      await world.start();
      // Where Claude Code leaves before its transcript holds the cut tool, it runs the tool again.
      const turn = await world.send('script:slow-tool 3');
      await world.until('the tool', isWorking(turn));
      await Bun.sleep(500);
      expect(await world.stop()).toBe(0);
      expect(await world.agentPids()).toEqual([]);
      const cut = await world.of('turn.tool_result', turn);
      expect(cut.map((each) => each.data.isError)).toEqual([true]);
      await world.start();
      await expectEndedOnce(turn);
    },
    TEST_MS,
  );
});

describe('a conversation that cannot be resumed', () => {
  const spoil: [string, (path: string) => Promise<void>][] = [
    ['is gone', (path) => rm(path)],
    ['is empty', (path) => writeFile(path, '')],
    ['is garbage', (path) => writeFile(path, 'garbage\n\0\0\0\n')],
  ];
  for (const [what, change] of spoil) {
    test(
      `agent.reset: its transcript ${what}`,
      async () => {
        await world.start();
        await world.ended(await world.send('hello'));
        const { session } = await world.health();
        const path = await world.transcript();
        await world.stop();
        await change(path);
        await world.start();
        const turn = await world.send('run: echo anew');
        await expectEndedOnce(turn);
        const [reset, ...more] = await world.of('agent.reset');
        expect(reset?.data.from).toBe(session ?? '');
        expect(more).toEqual([]);
        expect((await world.health()).session).not.toBe(session);
        // And the new one is what the next start resumes.
        await world.stop();
        await world.start();
        await expectRemembered('run: echo anew');
        expect(await world.of('agent.reset')).toHaveLength(1);
      },
      TEST_MS,
    );
  }
});

test(
  'an agent that does not start: gives up with the reason, ends what waits, and tries again for a new turn',
  async () => {
    const claude = `${world.folder}/claude`;
    await world.start({ CSPACE_CLAUDE: claude, CSPACE_RETRY_DELAYS_MS: '20,20,20' });
    const turn = await world.send('hello');
    const end = await world.ended(turn);
    expect(end.data.outcome).toBe('failed');
    expect(end.data.reason).toContain('does not start');
    const health = await world.health();
    expect([health.ok, health.state, health.queued]).toEqual([false, 'failed', 0]);
    const again = await world.send('hello again');
    expect((await world.ended(again)).data.outcome).toBe('failed');
  },
  TEST_MS,
);

test(
  'a turn in which the agent says nothing: it fails with the reason, and the next one works',
  async () => {
    await world.start({ CSPACE_STALL_SECONDS: '2' });
    const turn = await world.send('script:no-headers');
    const end = await world.ended(turn);
    expect(end.data).toMatchObject({ outcome: 'failed', reason: 'the agent said nothing for 2 s' });
    await expectEndedOnce(await world.send('run: echo next'));
    expect(await world.of('turn.ended', turn)).toHaveLength(1);
  },
  TEST_MS,
);

test(
  'an agent that was stopped in its turn (SIGSTOP): is replaced all the same',
  async () => {
    await world.start({ CSPACE_STALL_SECONDS: '2' });
    const turn = await world.send('script:slow-stream 100 100');
    await world.until('a request', async () => world.model.requests.length > 0);
    process.kill(await world.agentPid(), 'SIGSTOP');
    expect((await world.ended(turn)).data).toMatchObject({ outcome: 'failed' });
    await expectEndedOnce(await world.send('run: echo next'));
  },
  TEST_MS,
);

test(
  'a second supervisor of the same session is refused, whatever state the first is in',
  async () => {
    await world.start();
    const first = world.pid;
    process.kill(first, 'SIGSTOP');
    try {
      await expect(world.startAnother()).rejects.toThrow(
        `another supervisor has this session: process ${first}`,
      );
    } finally {
      process.kill(first, 'SIGCONT');
    }
    await expectEndedOnce(await world.send('run: echo still-there'));
  },
  TEST_MS,
);
