import type { Request } from './parse-argv.ts';

export const hasFlag = ({ flags }: Request, name: string): boolean => flags.has(name);

/** The last one that was given. */
export const getFlag = ({ flags }: Request, name: string): string | undefined => flags.get(name)?.at(-1);

export const getFlags = ({ flags }: Request, name: string): readonly string[] => flags.get(name) ?? [];

/** Of a flag that the parser has let through as a whole number. */
export function getNumber(request: Request, name: string): number | undefined {
  const value = getFlag(request, name);
  return value === undefined ? undefined : Number(value);
}
