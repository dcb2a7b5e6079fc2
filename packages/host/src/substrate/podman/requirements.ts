/** The first with `idmap` mounts whose ids are given one by one, together with user namespaces of root. */
export const PODMAN_LEAST = [4, 3, 0] as const;
/** The first that was seen to map binds as we need it. */
export const CRUN_LEAST = [1, 8, 0] as const;
/** Overlay file systems over mapped image layers came with Linux 5.19. */
export const KERNEL_LEAST = [5, 19, 0] as const;

export const UPGRADE = 'upgrade to Debian 12, Ubuntu 24.04 or later';

export function getTooOldReason(program: string, least: readonly number[]): string {
  return `cspace needs ${program} ${least.join('.')} or later, for mounts with mapped ownership`;
}
