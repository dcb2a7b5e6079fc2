import { type Ended, type Groups, runGroup } from './spawn.ts';

interface Check {
  name: string;
  argv: [string, ...string[]];
}

const DEADLINE_MS = 120_000;

/** The checks that run no test, each a program of node_modules/.bin. */
const CHECKS: readonly Check[] = [
  { name: 'typecheck', argv: ['tsc', '-p', '.', '--noEmit'] },
  { name: 'biome', argv: ['biome', 'ci', '--colors=off', '.'] },
  { name: 'knip', argv: ['knip', '--no-progress'] },
];

/** Runs the static checks one after the other; `onEnd` is called with each. The names of those that failed. */
export async function runChecks(
  env: Record<string, string | undefined>,
  groups: Groups,
  onEnd: (name: string, ended: Ended) => void,
): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, argv } of CHECKS) {
    const [program, ...args] = argv;
    const command: [string, ...string[]] = [`node_modules/.bin/${program}`, ...args];
    const ended = await runGroup(command, { env, deadlineMs: DEADLINE_MS, capture: true }, groups);
    if (ended.code !== 0) failed.push(name);
    onEnd(name, ended);
  }
  return failed;
}
