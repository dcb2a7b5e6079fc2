import type { SubstrateKind } from '@cspace/protocol/sandbox';

const NAME = process.env.CSPACE_TEST_SUBSTRATE || 'podman';
if (NAME !== 'podman' && NAME !== 'qemu')
  throw new Error(`CSPACE_TEST_SUBSTRATE is podman or qemu, not ${NAME}`);

/** What the sandboxes of this run are made of, unless a test says otherwise. Never what the host would choose. */
export const SUBSTRATE: 'podman' | 'qemu' = NAME;

/** How much longer than in a container everything may take in a machine that is emulated. */
const SLOWNESS: Partial<Record<SubstrateKind, number>> = { qemu: 5 };

export function getSlowness(substrate: SubstrateKind = SUBSTRATE): number {
  return SLOWNESS[substrate] ?? 1;
}

/** A deadline that suits a container, as it suits what this run's sandboxes are made of. */
export const patient = (ms: number): number => ms * getSlowness();
