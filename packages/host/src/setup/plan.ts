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
