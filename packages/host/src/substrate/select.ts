import { ProblemError } from '@cspace/protocol/problem';
import type { SubstrateKind } from '@cspace/protocol/sandbox';
import { createPodman, type PodmanOptions } from './podman/podman.ts';
import type { Substrate } from './substrate.ts';

/** The way to run machines that was asked for, or the one for this host. Throws `host-unsupported` where there is none. */
export function selectSubstrate(
  kind: SubstrateKind | undefined,
  options: PodmanOptions,
  platform: NodeJS.Platform = process.platform,
): Substrate {
  const wanted = kind ?? (platform === 'darwin' ? 'apple' : 'podman');
  if (wanted === 'podman' && platform === 'linux') return createPodman(options);
  throw new ProblemError({
    code: 'host-unsupported',
    message:
      wanted === 'podman' ? 'podman sandboxes need Linux' : `cspace cannot run sandboxes with ${wanted} yet`,
    why: 'this version knows podman on Linux',
    ...(platform === 'linux' ? { fix: 'leave out --substrate, or give podman' } : {}),
  });
}
