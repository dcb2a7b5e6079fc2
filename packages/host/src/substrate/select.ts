import { ProblemError } from '@cspace/protocol/problem';
import type { SubstrateKind } from '@cspace/protocol/sandbox';
import { BASE_ENV } from '../system/exec.ts';
import { getVmStateFolder } from '../system/paths.ts';
import { createApple } from './apple/apple.ts';
import { APPLE_CAPABILITIES } from './apple/capabilities.ts';
import { probeApple } from './apple/probe.ts';
import { PODMAN_CAPABILITIES } from './podman/capabilities.ts';
import { createPodman, type PodmanOptions } from './podman/podman.ts';
import { createAccel } from './qemu/accel.ts';
import { QEMU_CAPABILITIES } from './qemu/capabilities.ts';
import { createVmImages } from './qemu/image/create-vm-images.ts';
import { probeQemu } from './qemu/probe.ts';
import { createQemu, type QemuOptions } from './qemu/qemu.ts';
import type { Capabilities, HostKind, KitSource, Probe, Substrate } from './substrate.ts';

/** Enough to look at a host. */
export interface HostOptions extends PodmanOptions {
  /** Where what machines of all homes start from is kept, and what is known of this host. */
  store: string;
}

export interface SubstrateOptions extends HostOptions {
  /** The sources of what microVMs boot. */
  loadKit: () => Promise<KitSource>;
  /** Whether microVMs may be started from memory templates. */
  templates: boolean;
  onNote?: QemuOptions['onNote'];
}

const CREATE: Readonly<Record<SubstrateKind, (options: SubstrateOptions) => Substrate>> = {
  qemu: createQemuOfHost,
  apple: (options) => createApple({ ...options, probe: (signal) => probeApple({ ...options, signal }) }),
  podman: createPodman,
};

/** Its images are podman's, made into what microVMs start from. */
function createQemuOfHost(options: SubstrateOptions): Substrate {
  const { homeLabel, store, loadKit, templates, addressOf, onNote, path = BASE_ENV.PATH } = options;
  const { builder, run } = createPodman(options);
  return createQemu({
    homeLabel,
    stateFolder: getVmStateFolder(homeLabel),
    images: createVmImages({ store, builder, run, loadKit }),
    builder,
    getAccel: createAccel({ path, store }),
    ...(templates ? { templates: { store } } : {}),
    ...(onNote ? { onNote } : {}),
    addressOf,
    probe: (signal) => probeSubstrate('qemu', options, { signal }),
  });
}

/** On a host as each wants it. */
const CAPABILITIES: Readonly<Record<SubstrateKind, Capabilities>> = {
  qemu: QEMU_CAPABILITIES,
  apple: APPLE_CAPABILITIES,
  podman: PODMAN_CAPABILITIES,
};

/** What isolates more comes first. */
const KINDS = Object.keys(CAPABILITIES) as SubstrateKind[];

export const getHost = () => `${process.platform}/${process.arch}` as HostKind;

/** The way to run machines that was asked for. Throws `host-unsupported` where this host or this version has it not. */
export function selectSubstrate(
  kind: SubstrateKind,
  options: SubstrateOptions,
  host: HostKind = getHost(),
): Substrate {
  return requireKind(kind, host)(options);
}

function requireKind(kind: SubstrateKind, host: HostKind) {
  const { hosts } = CAPABILITIES[kind];
  if (hosts.includes(host)) return CREATE[kind];
  const usable = listKinds(host);
  throw new ProblemError({
    code: 'host-unsupported',
    message: `cspace cannot run sandboxes with ${kind} on ${host}`,
    why: `${kind} is for ${hosts.join(', ')}`,
    ...(usable.length > 0 ? { fix: `leave out --substrate, or give ${usable.join(' or ')}` } : {}),
  });
}

/** Those that this host may have machines of, what isolates more first. */
export function listKinds(host: HostKind = getHost()): SubstrateKind[] {
  return KINDS.filter((kind) => CAPABILITIES[kind].hosts.includes(host));
}

export interface ProbeOptions {
  /** Try anew what was found not to work before. */
  again?: boolean;
  host?: HostKind;
  signal: AbortSignal;
}

/** What this host has and lacks for one of them. Throws `host-unsupported` as `selectSubstrate` does. */
export async function probeSubstrate(
  kind: SubstrateKind,
  options: HostOptions,
  { again = false, host = getHost(), signal }: ProbeOptions,
): Promise<Probe> {
  requireKind(kind, host);
  if (kind === 'apple') return probeApple({ ...options, signal });
  const builder = await createPodman(options).probe(signal);
  if (kind !== 'qemu') return builder;
  const { path = BASE_ENV.PATH, store } = options;
  return probeQemu({ path, store, builder, again, signal });
}

/** The one that is used where nobody says which: a kernel of its own for every sandbox, unless that had to be emulated. */
export function pickKind(
  probes: ReadonlyMap<SubstrateKind, Pick<Probe, 'usable' | 'native'>>,
): SubstrateKind {
  const found = [...probes].find(([, { usable, native }]) => usable && native === 'yes');
  return found?.[0] ?? getLast(probes);
}

/** The one that is worth to be set up where nobody says which. */
export function pickKindToSetUp(probes: ReadonlyMap<SubstrateKind, Pick<Probe, 'native'>>): SubstrateKind {
  const found = [...probes].find(([, { native }]) => native !== 'no');
  return found?.[0] ?? getLast(probes);
}

const getLast = (probes: ReadonlyMap<SubstrateKind, unknown>) => [...probes.keys()].at(-1) ?? 'podman';
