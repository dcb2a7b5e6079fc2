import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createWorld, TEST_MS, type World } from '../world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const says = async (turn: string): Promise<string> =>
  (await world.of('turn.text', turn)).map((each) => each.data.text).join('\n');

describe('send', () => {
  test(
    'send: runs a turn with a tool, from its text to its end',
    async () => {
      await world.start();
      const turn = await world.send('run: echo from-the-tool');
      const end = await world.ended(turn);
      expect(end.data.outcome).toBe('completed');
      expect(end.data.tokens?.output).toBeGreaterThan(0);
      expect(end.data.costUsd).toBeGreaterThan(0);
      const all = (await world.events()).filter((each) => each.turn === turn);
      const types = all.map((each) => each.type).filter((type) => type !== 'turn.text');
      expect(types).toEqual([
        'turn.queued',
        'turn.started',
        'turn.tool_call',
        'turn.tool_result',
        'turn.ended',
      ]);
      const [result] = await world.of('turn.tool_result', turn);
      expect(result?.data).toMatchObject({ text: 'from-the-tool', isError: false });
      expect(result?.raw).toMatchObject({ type: 'user' });
      expect(await says(turn)).toContain('from-the-tool');
      expect((await world.events()).map((each) => each.seq)).toEqual(
        (await world.events()).map((_, index) => index + 1),
      );
    },
    TEST_MS,
  );

  test(
    'send: a second turn begins after the first has ended',
    async () => {
      await world.start();
      const first = await world.send('script:slow-stream 10 50');
      const second = await world.send('run: echo second');
      await world.ended(second);
      const order = (await world.events())
        .filter((each) => each.type === 'turn.started' || each.type === 'turn.ended')
        .map((each) => [each.type, each.turn]);
      expect(order).toEqual([
        ['turn.started', first],
        ['turn.ended', first],
        ['turn.started', second],
        ['turn.ended', second],
      ]);
    },
    TEST_MS,
  );

  test(
    'send: a repeated id runs once, waiting, running and ended; another text is a conflict',
    async () => {
      await world.start();
      const before = await world.send('script:slow-stream 5 50');
      const id = crypto.randomUUID();
      for (let i = 0; i < 3; i += 1) expect(await world.send('run: echo once', id)).toBe(id);
      await world.ended(before);
      await world.ended(id);
      expect(await world.send('run: echo once', id)).toBe(id);
      const conflict = await world.call('/send', {
        method: 'POST',
        body: JSON.stringify({ id, text: 'other' }),
      });
      expect(conflict.status).toBe(409);
      expect(await conflict.json()).toMatchObject({ problem: { code: 'turn-conflict' } });
      await world.ended(await world.send('run: echo after'));
      for (const type of ['turn.queued', 'turn.started', 'turn.tool_call', 'turn.ended'] as const) {
        expect(await world.of(type, id)).toHaveLength(1);
      }
    },
    TEST_MS,
  );

  test(
    'send: a text of 256 KiB arrives whole, and a longer one is too large',
    async () => {
      await world.start();
      const text = `say this ${'ä'.repeat(128 * 1024 - 5)}`;
      const turn = await world.send(text.slice(0, 128 * 1024));
      expect((await world.ended(turn)).data.outcome).toBe('completed');
      const tooLong = JSON.stringify({ text: 'x'.repeat(256 * 1024 + 1) });
      const refused = await world.call('/send', { method: 'POST', body: tooLong });
      expect(refused.status).toBe(413);
    },
    TEST_MS,
  );

  test(
    'send: a text that begins with a command of Claude Code is a text',
    async () => {
      await world.start();
      const { session } = await world.until('idle', async () => {
        const health = await world.health();
        return health.state === 'idle' && health;
      });
      const turn = await world.send('/clear');
      await world.ended(turn);
      expect(await says(turn)).toContain('/clear');
      expect((await world.health()).session).toBe(session);
    },
    TEST_MS,
  );

  test(
    'send: an error of the API fails the turn with its reason, and the next one works',
    async () => {
      await world.start();
      const bad = await world.send('script:400');
      const end = await world.ended(bad);
      expect(end.data.outcome).toBe('failed');
      expect(end.data.reason).toContain('400');
      expect((await world.ended(await world.send('hello'))).data.outcome).toBe('completed');
    },
    TEST_MS,
  );

  test(
    'send: a background task speaks up by itself and ends no turn',
    async () => {
      await world.start();
      const first = await world.send('script:background 1');
      await world.ended(first);
      const second = await world.send('script:slow-stream 30 100');
      const end = await world.ended(second);
      expect(end.data.durationMs).toBeGreaterThan(2500);
      await world.until('a text of no turn', async () =>
        (await world.of('turn.text')).find((each) => each.turn === undefined),
      );
      const third = await world.send('run: echo third');
      await world.ended(third);
      for (const turn of [first, second, third]) expect(await world.of('turn.ended', turn)).toHaveLength(1);
    },
    TEST_MS,
  );
});

test(
  'the agent gets the role of .cspace/agent.md and the CLAUDE.md of the clone, and not the token',
  async () => {
    await mkdir(join(world.workspace, '.cspace'));
    await writeFile(join(world.workspace, '.cspace', 'agent.md'), 'ROLE-OF-THE-PROJECT');
    await writeFile(join(world.workspace, 'CLAUDE.md'), 'RULES-OF-THE-CLONE');
    await world.start();
    const turn = await world.send('run: env');
    await world.ended(turn);
    const request = JSON.stringify(world.model.requests[0]?.body);
    expect(request).toContain('ROLE-OF-THE-PROJECT');
    expect(request).toContain('RULES-OF-THE-CLONE');
    const [env] = await world.of('turn.tool_result', turn);
    expect(env?.data.text).toContain('CSPACE_AGENT=');
    expect(env?.data.text).not.toContain('CSPACE_SUPERVISOR_TOKEN');
  },
  TEST_MS,
);
