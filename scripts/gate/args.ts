import { SUITES } from './suites.ts';

export const STEPS: readonly string[] = ['checks', ...SUITES.map(({ name }) => name)];

export interface Args {
  wants: (step: string) => boolean;
  /** Passed on to `bun test`. */
  extra: string[];
  /** Words that are no step. */
  unknown: string[];
}

/** `[STEP…] [-- ARGS OF bun test]`; no step means all. Pure. */
export function parseArgs(argv: readonly string[]): Args {
  const cut = argv.indexOf('--');
  const chosen = cut < 0 ? argv : argv.slice(0, cut);
  return {
    wants: (step) => chosen.length === 0 || chosen.includes(step),
    extra: cut < 0 ? [] : argv.slice(cut + 1),
    unknown: chosen.filter((step) => !STEPS.includes(step)),
  };
}
