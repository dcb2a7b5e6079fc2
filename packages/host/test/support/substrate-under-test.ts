import { getMachineName } from '@cspace/protocol/names';
import type { SubstrateKind } from '@cspace/protocol/sandbox';
import { parseVersion } from '../apple/stand-in/versions.ts';

const NAME = process.env.CSPACE_TEST_SUBSTRATE || 'podman';
if (NAME !== 'podman' && NAME !== 'qemu' && NAME !== 'apple')
  throw new Error(`CSPACE_TEST_SUBSTRATE is podman, qemu or apple, not ${NAME}`);

/** What the sandboxes of this run are made of, unless a test says otherwise. Never what the host would choose. */
export const SUBSTRATE: SubstrateKind = NAME;

/** Of the stand-in for Apple's `container`, where that is what they are made of. */
export const APPLE_VERSION = parseVersion(process.env.CSPACE_TEST_APPLE_VERSION || '1.2.2');

/** Our own rules stand between sandboxes, and between them and the host. */
const HAS_RULES = SUBSTRATE !== 'apple';

/** Why a test is not for sandboxes without those. */
export const WITHOUT_RULES = HAS_RULES
  ? undefined
  : 'no rules of ours stand between its machines and the host';

/** Why a test is not for sandboxes whose network is the system's. */
export const WITHOUT_NETWORK =
  SUBSTRATE === 'apple' ? 'its machines bring their networks along, and none is of our making' : undefined;

/** What curl says where a sandbox may not go: that nobody is there, or nothing at all until its time is over. */
export const REFUSED = HAS_RULES ? 7 : 28;

/** What sandboxes have for an address. */
export const ADDRESS = SUBSTRATE === 'apple' ? /^192\.168\.6[5-9]\.\d+$/ : /^192\.168\.64\.\d+$/;

/** The gateway of the sandbox that has that address. */
export const getGateway = (address: string): string => address.replace(/\d+$/, '1');

/** What a sandbox's machine calls itself. */
export const getHostName = (project: string, sandbox: string): string =>
  SUBSTRATE === 'apple' ? getMachineName({ project, sandbox }) : sandbox;

/** How much longer than in a container everything may take in a machine that is emulated, or behind a stand-in. */
const SLOWNESS: Partial<Record<SubstrateKind, number>> = { qemu: 5, apple: 2 };

export function getSlowness(substrate: SubstrateKind = SUBSTRATE): number {
  return SLOWNESS[substrate] ?? 1;
}

/** A deadline that suits a container, as it suits what this run's sandboxes are made of. */
export const patient = (ms: number): number => ms * getSlowness();
