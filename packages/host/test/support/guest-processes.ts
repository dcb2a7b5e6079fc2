import type { World } from './world.ts';

/** Pids inside of what matches, by command line, as root there. */
export async function findInside(world: World, sandbox: string, pattern: RegExp): Promise<number[]> {
  const ps = ['ps', '-e', '-o', 'pid=,args='];
  const { stdout } = await world.cspace(['exec', '--root', sandbox, '--', ...ps]);
  return stdout
    .split('\n')
    .map((line) => /^ *(\d+) (.*)$/.exec(line))
    .flatMap((match) => (match && pattern.test(match[2] ?? '') ? [Number(match[1])] : []));
}

/** Sends KILL to all that matches, inside; throws where nothing does. */
export async function killInside(world: World, sandbox: string, pattern: RegExp): Promise<void> {
  const pids = await findInside(world, sandbox, pattern);
  if (pids.length === 0) throw new Error(`nothing in ${sandbox} is ${pattern}`);
  await world.cspace(['exec', '--root', sandbox, '--', 'kill', '-KILL', ...pids.map(String)]);
}
