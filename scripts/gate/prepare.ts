import { type Groups, runGroup } from './spawn.ts';
import { createWorld, removeWorld } from './world.ts';

const MINUTE = 60_000;

/** Outside the lab, since both may need the network; each does nothing where it has been done. */
const STEPS: readonly { name: string; args: string[]; deadlineMs: number }[] = [
  { name: 'cspace setup', args: ['setup', '--yes'], deadlineMs: 5 * MINUTE },
  { name: 'cspace image build', args: ['image', 'build'], deadlineMs: 8 * MINUTE },
];

/**
 * Makes the machine ready to boot sandboxes, with the commands that a user has. Undefined, or the command that failed.
 * Works in a home of its own and ends the daemon that the image build may have started.
 */
export async function prepareHost(
  env: Record<string, string | undefined>,
  groups: Groups,
  onEnd: (name: string, ok: boolean, ms: number) => void,
): Promise<string | undefined> {
  const world = createWorld('setup', env);
  const own = { ...env, CSPACE_HOME: world.env.CSPACE_HOME };
  try {
    for (const { name, args, deadlineMs } of STEPS) {
      const ended = await runGroup(['./cspace', ...args], { env: own, deadlineMs }, groups);
      onEnd(name, ended.code === 0, ended.ms);
      if (ended.code !== 0) return `${name} ended with ${ended.code}${ended.timedOut ? ' (deadline)' : ''}`;
    }
    return undefined;
  } finally {
    await runGroup(['./cspace', 'daemon', 'stop'], { env: own, deadlineMs: MINUTE, capture: true }, groups);
    removeWorld(world);
  }
}
