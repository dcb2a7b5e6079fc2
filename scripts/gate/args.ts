import { SUITES } from './suites.ts';

export const STEPS: readonly string[] = ['checks', ...SUITES.map(({ name }) => name)];

/** Substrates that are tried by themselves, whatever the host would choose. */
export type Tried = 'qemu' | 'apple';

export interface Args {
  /** Only the suites that sandboxes of this kind are tried by. */
  substrate: Tried | undefined;
  wants: (step: string) => boolean;
  /** Passed on to `bun test`. */
  extra: string[];
  /** Words that are no step. */
  unknown: string[];
}

/** Words of their own, not of the steps. */
const WORDS: Readonly<Record<string, Tried>> = {
  '--substrate=qemu': 'qemu',
  '--substrate=apple': 'apple',
};

/** `[--substrate=qemu|apple] [STEP…] [-- ARGS OF bun test]`; no step means all. Pure. */
export function parseArgs(argv: readonly string[]): Args {
  const cut = argv.indexOf('--');
  const words = cut < 0 ? argv : argv.slice(0, cut);
  const substrate = words.map((word) => WORDS[word]).find((tried) => tried !== undefined);
  const all =
    substrate === undefined ? STEPS : SUITES.flatMap(({ name, [substrate]: tried }) => (tried ? [name] : []));
  const chosen = words.filter((word) => !(word in WORDS));
  return {
    substrate,
    wants: (step) => all.includes(step) && (chosen.length === 0 || chosen.includes(step)),
    extra: cut < 0 ? [] : argv.slice(cut + 1),
    unknown: chosen.filter((step) => !STEPS.includes(step)),
  };
}
