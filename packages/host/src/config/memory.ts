import { z } from 'zod';

const MIN_MIB = 256;
const MAX_MIB = 16 * 1024 * 1024;
const HOW = 'an amount of memory such as "4g", "512m" or 4096 (MiB)';

/** `4g`, `1.5GiB`, `512m` or a number of MiB, as MiB; undefined where it is none of these. */
export function parseMemoryMiB(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([mg])(?:i?b)?)?$/i.exec(text.trim());
  if (!match) return undefined;
  const factor = match[2]?.toLowerCase() === 'g' ? 1024 : 1;
  return Math.round(Number(match[1]) * factor);
}

/** Memory as written in a file, in MiB. */
export const Memory = z
  .union([z.string(), z.number()], HOW)
  .transform((written, context) => {
    const mib = parseMemoryMiB(String(written));
    if (mib !== undefined) return mib;
    context.addIssue({ code: 'custom', message: HOW });
    return z.NEVER;
  })
  .pipe(z.number().min(MIN_MIB, `at least ${MIN_MIB} MiB`).max(MAX_MIB, `at most ${MAX_MIB} MiB`));
