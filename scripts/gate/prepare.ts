import type { Report } from './report.ts';
import { type Groups, runGroup } from './spawn.ts';
import { createWorld, removeWorld } from './world.ts';

const MINUTE = 60_000;

/** Commands that make a machine ready to boot sandboxes; each does nothing where it has been done. */
export const PREPARATIONS = {
  setup: { name: 'cspace setup', args: ['setup', '--yes'], deadlineMs: 5 * MINUTE },
  image: { name: 'cspace image build', args: ['image', 'build'], deadlineMs: 8 * MINUTE },
  qemuSetup: {
    name: 'cspace setup --substrate qemu',
    args: ['setup', '--substrate', 'qemu', '--yes'],
    deadlineMs: 5 * MINUTE,
  },
  qemuImage: {
    name: 'cspace image build --substrate qemu',
    args: ['image', 'build', '--substrate', 'qemu'],
    deadlineMs: 8 * MINUTE,
  },
} as const;

/** Of the image that tests of real browsers boot; tests find its tag in their environment under the second name. */
const WEB_IMAGE = { name: 'web image', deadlineMs: 8 * MINUTE } as const;
export const WEB_IMAGE_VARIABLE = 'CSPACE_TEST_WEB_IMAGE';

export interface PrepareOptions {
  env: Record<string, string | undefined>;
  groups: Groups;
  report: Report;
}

/**
 * Runs a command that a user has, outside of any lab, since it may need the network, and in a home of its own; the daemon
 * it may have started is ended. Undefined, or why it failed, which the report then knows.
 */
export async function prepare(
  step: keyof typeof PREPARATIONS,
  { env, groups, report }: PrepareOptions,
): Promise<string | undefined> {
  const { name, args, deadlineMs } = PREPARATIONS[step];
  const world = createWorld(step, env);
  const own = { ...env, CSPACE_HOME: world.env.CSPACE_HOME };
  try {
    const ended = await runGroup(['./cspace', ...args], { env: own, deadlineMs }, groups);
    report.sayStep(name, ended.code === 0, ended.ms);
    if (ended.code === 0) return undefined;
    const reason = `${name} ended with ${ended.code}${ended.timedOut ? ' (deadline)' : ''}`;
    report.fail(reason);
    return reason;
  } finally {
    const stop = { env: own, deadlineMs: MINUTE, capture: true };
    await runGroup(['./cspace', 'daemon', 'stop'], stop, groups);
    removeWorld(world);
  }
}

/** Makes the image for tests of real browsers, outside of any lab; undefined where that failed, which the report then knows. */
export async function prepareWebImage(
  { env, groups, report }: PrepareOptions,
  substrate: string | undefined,
): Promise<string | undefined> {
  const world = createWorld('web', env);
  try {
    const inner = [process.execPath, 'scripts/gate/web-image.ts', ...(substrate ? [substrate] : [])];
    // sudo replaces PATH (secure_path) even with -E.
    const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n', '-E', 'env', `PATH=${env.PATH}`];
    const [file = '', ...args] = [...asRoot, ...inner];
    const ended = await runGroup(
      [file, ...args],
      { env: { ...env, TMPDIR: world.temporary }, deadlineMs: WEB_IMAGE.deadlineMs, capture: true },
      groups,
    );
    const tag = ended.output.trimEnd().split('\n').at(-1);
    report.sayStep(WEB_IMAGE.name, ended.code === 0, ended.ms);
    if (ended.code === 0) return tag;
    console.log(ended.output);
    report.fail(`${WEB_IMAGE.name} ended with ${ended.code}${ended.timedOut ? ' (deadline)' : ''}`);
    return undefined;
  } finally {
    removeWorld(world);
  }
}
