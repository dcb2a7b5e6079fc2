import type { Target } from './targets.ts';

export interface Release {
  version: string;
  /** Where releases are, with `/latest/download/FILE` and `/download/vVERSION/FILE` below it, as GitHub has them. */
  releases: string;
  homepage: string;
  /** SHA-256 of each archive. */
  sums: Record<Target, string>;
}

/** A file of packaging/ with what a release knows. Throws where it asks for something else. Pure. */
export function render(template: string, { version, releases, homepage, sums }: Release): string {
  const values: Record<string, string> = { VERSION: version, RELEASES: releases, HOMEPAGE: homepage };
  for (const [target, sum] of Object.entries(sums)) values[`SHA256_${target}`] = sum;
  return template.replaceAll(/@([A-Z][\w-]+)@/g, (all, name) => {
    const value = values[name];
    if (value === undefined) throw new Error(`unknown: ${all}`);
    return value;
  });
}

export const getArchiveName = (target: Target): string => `cspace-${target}.tar.gz`;

/** The text of SHA256SUMS, as sha256sum(1) reads it. Pure. */
export function formatSums(sums: Record<Target, string>): string {
  return Object.entries(sums)
    .map(([target, sum]) => `${sum}  ${getArchiveName(target as Target)}\n`)
    .join('');
}
