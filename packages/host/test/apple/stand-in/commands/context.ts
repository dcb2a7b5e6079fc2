import type { Request } from '../cli/parse-argv.ts';
import { Failure, Failures } from '../failure.ts';
import type { Knobs } from '../knobs.ts';
import { printError } from '../output.ts';
import type { World } from '../state.ts';
import { isSince, type Version } from '../versions.ts';

/** What a command works with. */
export interface Context {
  world: World;
  version: Version;
  knobs: Knobs;
  request: Request;
}

/** Gives the exit code; throws Failure. */
export type Handler = (context: Context) => Promise<number>;

/** Goes on after one that failed, and says all at the end. */
export async function forEach(
  items: readonly string[],
  work: (item: string) => Promise<void>,
): Promise<void> {
  const failures: Failure[] = [];
  for (const item of items) {
    await work(item).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      failures.push(error);
    });
  }
  if (failures.length > 0) throw new Failures(failures);
}

/** What the progress bar leaves on stderr where nobody turned it off. */
export function printProgress({ request, version }: Context, steps: readonly string[]): void {
  if (request.flags.get('--progress')?.[0] === 'none') return;
  const erase = isSince(version, '1.0.0') ? '' : '\u001b[2K\r';
  for (const [index, step] of steps.entries())
    printError(`${erase}[${index + 1}/${steps.length}] ${step} [0s]`);
}

/** Empty where it was left out, as some may be. */
export const getArgument = ({ request }: Context, index = 0): string => request.arguments[index] ?? '';
