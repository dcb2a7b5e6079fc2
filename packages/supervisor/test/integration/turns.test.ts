import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { createWorld, type World } from '../world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
  await world.start();
});
afterEach(() => world.close());

describe('send', () => {
  test('runs a turn with a tool, from its text to its end', async () => {
    const turn = await world.send('run echo from-the-tool');
    const end = await world.ended(turn);
    expect(end.data).toMatchObject({ outcome: 'completed', tokens: { input: 20, output: 10 } });
    const types = (await world.events()).filter((each) => each.turn === turn).map((each) => each.type);
    expect(types).toEqual([
      'turn.queued',
      'turn.started',
      'turn.tool_call',
      'turn.tool_result',
      'turn.text',
      'turn.ended',
    ]);
    const [result] = await world.of('turn.tool_result', turn);
    expect(result?.data).toMatchObject({ text: 'from-the-tool', isError: false });
  }, 30_000);
});
