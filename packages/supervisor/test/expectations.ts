import { expect } from 'bun:test';
import type { World } from './world.ts';

/** What the suites of crashes and of restarts expect of a world; `getWorld` since each test has its own. */
export function createExpectations(getWorld: () => World) {
  return {
    isWorking: (turn: string) => async () =>
      (await getWorld().of('turn.started', turn)).length > 0 && (await getWorld().agentPids()).length > 1,

    async expectEndedOnce(turn: string, outcome = 'completed'): Promise<void> {
      expect((await getWorld().ended(turn)).data.outcome).toBe(outcome as 'completed');
      expect(await getWorld().of('turn.ended', turn)).toHaveLength(1);
    },

    /** The conversation holds what was said in it. */
    async expectRemembered(text: string): Promise<void> {
      const turn = await getWorld().send('what did I ask you before?');
      await getWorld().ended(turn);
      const said = (await getWorld().of('turn.text', turn)).map((each) => each.data.text).join();
      expect(said).toContain(text);
    },
  };
}
