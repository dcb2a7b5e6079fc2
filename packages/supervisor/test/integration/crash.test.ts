import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { readFile, writeFile } from 'node:fs/promises';
import { createExpectations } from '../expectations.ts';
import { createWorld, TEST_MS, type World } from '../world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const types = async () => (await world.events()).map((each) => each.type);
const { isWorking, expectEndedOnce, expectRemembered } = createExpectations(() => world);

describe('kill -9 of Claude Code', () => {
  test(
    'in mid-tool: the tool ends too, the turn goes on once and ends once',
    async () => {
      await world.start();
      const turn = await world.send('script:slow-tool 3');
      await world.until('the tool', isWorking(turn));
      // Claude Code writes its transcript a tenth of a second late; before that it is another test.
      await Bun.sleep(500);
      const before = await world.agentPids();
      process.kill(await world.agentPid(), 'SIGKILL');
      await expectEndedOnce(turn);
      const after = await world.agentPids();
      expect(before.filter((pid) => after.includes(pid))).toEqual([]);
      expect((await world.of('turn.started', turn)).map((each) => each.data.attempt)).toEqual([1, 2]);
      expect(await types()).toContain('agent.resumed');
      const [exited] = await world.of('agent.exited');
      expect(exited?.data.reason).toContain('SIGKILL');
      await expectRemembered('script:slow-tool');
    },
    TEST_MS,
  );

  test(
    'in mid-stream',
    async () => {
      await world.start();
      const turn = await world.send('script:slow-stream 20 100');
      await world.until('a request', async () => world.model.requests.length > 0);
      process.kill(await world.agentPid(), 'SIGKILL');
      await expectEndedOnce(turn);
      await expectRemembered('script:slow-stream');
    },
    TEST_MS,
  );

  test(
    'before it has taken the prompt in: the prompt is given again',
    async () => {
      await world.start();
      await world.ended(await world.send('hello'));
      const pid = await world.agentPid();
      const turn = await world.send('run: echo late');
      await world.until('start', async () => (await world.of('turn.started', turn)).length > 0);
      process.kill(pid, 'SIGKILL');
      await expectEndedOnce(turn);
    },
    TEST_MS,
  );

  test(
    'twice in one turn: it fails, and the next one runs',
    async () => {
      await world.start();
      const turn = await world.send('script:slow-tool 60');
      const next = await world.send('run: echo next');
      for (const attempt of [1, 2]) {
        await world.until('the tool', async () => {
          const started = await world.of('turn.started', turn);
          return started.length === attempt && (await world.agentPids()).length > 1;
        });
        process.kill(await world.agentPid(), 'SIGKILL');
        await world.until('exit', async () => (await world.of('agent.exited')).length === attempt);
      }
      const end = await world.ended(turn);
      expect(end.data).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('twice') });
      await expectEndedOnce(next);
      expect(await world.of('turn.ended', turn)).toHaveLength(1);
    },
    TEST_MS,
  );

  test(
    'while it is idle: another one takes its place and knows the conversation',
    async () => {
      await world.start();
      await world.ended(await world.send('run: echo marker-one'));
      const pid = await world.agentPid();
      process.kill(pid, 'SIGKILL');
      await world.until('a new agent', async () => {
        const { state } = await world.health();
        return state === 'idle' && (await world.of('agent.resumed')).length > 0;
      });
      expect(await world.agentPid()).not.toBe(pid);
      await expectRemembered('marker-one');
    },
    TEST_MS,
  );

  test(
    'interrupted while it comes back: the turn ends as interrupted',
    async () => {
      await world.start();
      const turn = await world.send('script:slow-tool 60');
      await world.until('the tool', isWorking(turn));
      process.kill(await world.agentPid(), 'SIGKILL');
      await world.until('exit', async () => (await world.of('agent.exited')).length > 0);
      expect((await world.call('/interrupt', { method: 'POST' })).status).toBe(200);
      await expectEndedOnce(turn, 'interrupted');
      await expectEndedOnce(await world.send('run: echo next'));
    },
    TEST_MS,
  );
});

describe('kill -9 of the supervisor', () => {
  test(
    'with turns that wait: each ends once, and the conversation goes on',
    async () => {
      await world.start();
      const first = await world.send('run: echo marker-two');
      await world.ended(first);
      const turns = [await world.send('script:slow-tool 3')];
      for (let i = 0; i < 3; i += 1) turns.push(await world.send(`run: echo waiting-${i}`));
      await world.until('the tool', isWorking(turns[0] ?? ''));
      const orphans = await world.agentPids();
      await world.kill();
      expect((await world.agentPids()).length).toBeGreaterThan(0);
      await world.start();
      // The ones of the dead supervisor were ended before the new agent began.
      const now = await world.agentPids();
      expect(orphans.filter((pid) => now.includes(pid))).toEqual([]);
      for (const turn of turns) await expectEndedOnce(turn);
      const started = (await world.of('turn.started')).map((each) => each.turn);
      expect(started).toEqual([first, turns[0], ...turns]);
      expect(await world.of('turn.ended', first)).toHaveLength(1);
      await expectRemembered('marker-two');
    },
    TEST_MS,
  );

  test(
    'after the answer and before its end was written: the turn ends without a second answer',
    async () => {
      await world.start();
      const turn = await world.send('run: echo answered');
      await world.ended(turn);
      await world.kill();
      const path = `${world.sessionFolder}/events.ndjson`;
      const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
      expect(lines.at(-1)).toContain('"turn.ended"');
      await writeFile(path, `${lines.slice(0, -1).join('\n')}\n`);
      const requests = world.model.requests.length;
      await world.start();
      await expectEndedOnce(turn);
      expect(world.model.requests).toHaveLength(requests);
    },
    TEST_MS,
  );

  test(
    'at random moments, ten times: every accepted turn ends once, in order',
    async () => {
      const turns: string[] = [];
      for (let round = 0; round < 10; round += 1) {
        await world.start();
        turns.push(await world.send(`run: echo round-${round}`));
        await Bun.sleep(Math.random() * 900);
        await world.kill();
      }
      await world.start();
      for (const turn of turns) {
        // A turn that was running in two of the kills has failed, as promised.
        expect(['completed', 'failed']).toContain((await world.ended(turn)).data.outcome);
        expect(await world.of('turn.ended', turn)).toHaveLength(1);
      }
      expect((await world.of('turn.ended')).map((each) => each.turn)).toEqual(turns);
      const all = await world.events();
      expect(all.map((each) => each.seq)).toEqual(all.map((_, index) => index + 1));
    },
    TEST_MS * 2,
  );
});
