import { SUITES } from './suites.ts';

export const STEPS: readonly string[] = ['checks', ...SUITES.map(({ name }) => name)];

export interface Args {
  /** Only the suites that sandboxes of this kind are tried by. */
  substrate: 'qemu' | undefined;
  wants: (step: string) => boolean;
  /** Passed on to `bun test`. */
  extra: string[];
  /** Words that are no step. */
  unknown: string[];
}

/** Words of their own, not of the steps. */
const QEMU = '--substrate=qemu';

/** `[--substrate=qemu] [STEP…] [-- ARGS OF bun test]`; no step means all. Pure. */
export function parseArgs(argv: readonly string[]): Args {
  const cut = argv.indexOf('--');
  const words = cut < 0 ? argv : argv.slice(0, cut);
  const substrate = words.includes(QEMU) ? 'qemu' : undefined;
  const all = substrate === undefined ? STEPS : SUITES.flatMap(({ name, qemu }) => (qemu ? [name] : []));
  const chosen = words.filter((word) => word !== QEMU);
  return {
    substrate,
    wants: (step) => all.includes(step) && (chosen.length === 0 || chosen.includes(step)),
    extra: cut < 0 ? [] : argv.slice(cut + 1),
    unknown: chosen.filter((step) => !STEPS.includes(step)),
  };
}
