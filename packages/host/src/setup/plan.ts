import type { ProbeFinding } from '../substrate/substrate.ts';

/** The Debian packages that mend what can be mended by installing, in a fixed order; empty where nothing can. */
export function getPackages(findings: readonly ProbeFinding[]): string[] {
  const names = findings.filter((finding) => !finding.ok).flatMap((finding) => finding.packages ?? []);
  return [...new Set(names)];
}

/**
 * Without what podman recommends (buildah, netavark, fuse-overlayfs, uidmap, …): root needs none of it for machines with
 * a network of ours. Tried on a bare Debian 12 with podman and crun alone.
 */
export function getInstallArgv(packages: readonly string[]): string[] {
  return ['apt-get', 'install', '-y', '--no-install-recommends', ...packages];
}

export const UPDATE_ARGV = ['apt-get', 'update'] as const;

/** Fixes that setup runs itself, as the user: they ask nothing, and done twice they are done once. */
const OWN_FIXES = ['container system start --enable-kernel-install'];

/** Command lines that mend what is missing, each once; empty where there are none. */
export function getCommands(findings: readonly ProbeFinding[]): string[][] {
  const fixes = findings.flatMap(({ ok, fix }) => (!ok && fix !== undefined ? [fix] : []));
  return OWN_FIXES.filter((fix) => fixes.includes(fix)).map((fix) => fix.split(' '));
}
