import type { ProbeFinding } from '../substrate/substrate.ts';

/** What podman itself does not bring along without its recommended packages, some of which would break it. */
const COMPANIONS: Readonly<Record<string, readonly string[]>> = {
  podman: ['crun', 'runc', 'catatonit', 'uidmap'],
};

/** The Debian packages that mend what can be mended by installing, in a fixed order; empty where nothing can. */
export function getPackages(findings: readonly ProbeFinding[]): string[] {
  const names = findings.filter((finding) => !finding.ok).flatMap((finding) => finding.packages ?? []);
  return [...new Set(names.flatMap((name) => [name, ...(COMPANIONS[name] ?? [])]))];
}

/**
 * Recommended packages stay out: netavark, which podman then expects to work without its own recommended ones, among them.
 */
export function getInstallArgv(packages: readonly string[]): string[] {
  return ['apt-get', 'install', '-y', '--no-install-recommends', ...packages];
}

export const UPDATE_ARGV = ['apt-get', 'update'] as const;
