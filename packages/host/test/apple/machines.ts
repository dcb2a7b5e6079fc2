import { afterEach } from 'bun:test';
import { BASE_IMAGE } from '../contract/image-fixture.ts';
import { testUnless } from '../support/test-unless.ts';
import { useStandIn } from './fixture.ts';
import type { ContainerResult } from './install.ts';

/** Ends with 7 where it is asked to. */
export const BOOT = 'trap "exit 7" TERM; sleep 1000 & wait';
const WAIT_MS = 15_000;

/** A stand-in of the newest version, machines to be made with it, and none left of them after a test. */
export function useMachines(reason: string | undefined) {
  const standIn = useStandIn('1.2.2', reason);
  const call = (...argv: string[]): Promise<ContainerResult> => standIn().container(argv);

  /** A machine whose first program is the shell, with a script. */
  function run(flags: readonly string[], script = BOOT, name = 'mercury'): Promise<ContainerResult> {
    const own = ['--name', name, '-m', '256', '-c', '1', '--entrypoint', 'sh'];
    return call('run', '-d', ...own, ...flags, BASE_IMAGE, '-c', script);
  }

  async function boot(...parameters: Parameters<typeof run>): Promise<void> {
    const result = await run(...parameters);
    if (result.code !== 0) throw new Error(result.stderr);
  }

  async function clear(): Promise<void> {
    standIn().setKnobs({});
    const ids = (await call('ls', '--all', '-q')).stdout.split('\n').filter(Boolean);
    for (const id of ids) await call('rm', '--force', id);
    await call('volume', 'rm', '--all');
  }

  if (reason === undefined) afterEach(clear, 60_000);
  return {
    test: testUnless(reason),
    standIn,
    call,
    run,
    boot,
    /** What a script in the machine prints, on either stream. */
    async inside(script: string, flags: readonly string[] = [], name = 'mercury'): Promise<string> {
      const { stdout, stderr } = await call('exec', ...flags, name, 'sh', '-c', script);
      return (stdout + stderr).trim();
    },
    inspect: async (name = 'mercury') => JSON.parse((await call('inspect', name)).stdout)[0],
    getBridge: () =>
      Bun.spawnSync(['ip', '-o', 'link', 'show', 'type', 'bridge'], { timeout: 10_000 }).stdout.toString(),
    async waitFor(check: () => boolean | Promise<boolean>): Promise<void> {
      const deadline = performance.now() + WAIT_MS;
      while (!(await check())) {
        if (performance.now() > deadline) throw new Error('not in time');
        await Bun.sleep(50);
      }
    },
  };
}
