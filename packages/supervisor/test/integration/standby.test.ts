import { afterEach, beforeEach, expect, test } from 'bun:test';
import { readdir } from 'node:fs/promises';
import { createWorld, TEST_MS, type World } from '../world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

test(
  '--standby: touches nothing before its environment comes, then works with that and with no other',
  async () => {
    const standby = await world.startStandby();
    await Bun.sleep(500);
    expect(await readdir(world.sessionFolder)).toEqual([]);
    await standby.go();
    const turn = await world.send('run: pwd; echo "$ANTHROPIC_API_KEY"');
    expect((await world.ended(turn)).data).toMatchObject({ outcome: 'completed' });
    expect(
      (await world.of('turn.tool_result', turn)).map(({ data }) => JSON.stringify(data)).join(),
    ).toContain(`${world.workspace}\\nsk-ant-dummy`);
    expect(await world.stop()).toBe(0);
  },
  TEST_MS,
);
