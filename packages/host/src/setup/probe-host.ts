import type { SubstrateKind } from '@cspace/protocol/sandbox';
import { listKinds, pickKind, pickKindToSetUp, probeSubstrate } from '../substrate/select.ts';
import type { Probe, ProbeFinding } from '../substrate/substrate.ts';
import { run } from '../system/exec.ts';
import type { Owner } from '../system/owner.ts';
import { getEngineFolder, getVmStore } from '../system/paths.ts';
import { probeMac } from './mac.ts';

export type Finding = ProbeFinding;

export interface HostProbe {
  /** Everything required is there. */
  usable: boolean;
  /** What sandboxes are made with: the one asked for, or that `up` would take, or that is worth to be set up. */
  substrate: SubstrateKind;
  /** What that one wants, and we ourselves. */
  findings: Finding[];
  /** Every one that was looked at. */
  substrates: ({ kind: SubstrateKind } & Probe)[];
}

export interface ProbeHostOptions {
  owner: Owner;
  /** The one to look at; by default all that this host could have. */
  substrate?: SubstrateKind | undefined;
  /** The folder of the host that all homes share, where it is another one: for tests. */
  vmStore?: string | undefined;
  /** Looks for what is worth to be set up, and tries anew what was found not to work before. */
  forSetup?: boolean;
  signal: AbortSignal;
}

const TIMEOUT_MS = 10_000;

/**
 * What this host has and lacks for sandboxes, and for us. Changes nothing, but that root keeps whether KVM runs guests,
 * which a small one has to show once; never throws.
 */
export async function probeHost(options: ProbeHostOptions): Promise<HostProbe> {
  const { substrate, signal } = options;
  const kinds = substrate === undefined ? listKinds() : [substrate];
  const [own, ...probes] = await Promise.all([
    probeUs(signal),
    ...kinds.map(async (kind) => ({ kind, ...(await probeMachines(kind, options)) })),
  ]);
  const pick = options.forSetup ? pickKindToSetUp : pickKind;
  const kind = substrate ?? (probes.length > 0 ? pick(getByKind(probes)) : getKindOfHost());
  const chosen = probes.find((probe) => probe.kind === kind) ?? NOTHING;
  return {
    usable: chosen.usable && own.every(({ ok }) => ok),
    substrate: kind,
    findings: [...chosen.findings, ...own],
    substrates: probes,
  };
}

/** What we ourselves need, whatever makes the machines. On a Mac nothing of ours is root. */
function probeUs(signal: AbortSignal): Promise<Finding[]> {
  const ofHost = process.platform === 'darwin' ? probeMac({ signal }) : probeRoot(signal);
  return Promise.all([probeGit(signal), ofHost]);
}

type KindProbe = HostProbe['substrates'][number];

const getByKind = (probes: readonly KindProbe[]) => new Map(probes.map((probe) => [probe.kind, probe]));

/** What machines would be made with, were this host another one of its kind. */
const getKindOfHost = (): SubstrateKind => (process.platform === 'darwin' ? 'apple' : 'podman');

/** On a host that no substrate is for. */
const NOTHING = {
  usable: false,
  findings: [{ ok: false, what: `cspace cannot run sandboxes on ${process.platform}/${process.arch}` }],
};

async function probeMachines(kind: SubstrateKind, options: ProbeHostOptions): Promise<Probe> {
  const { owner, vmStore, forSetup = false, signal } = options;
  const substrate = {
    // A probe writes nothing there.
    folder: getEngineFolder(''),
    store: getVmStore(vmStore),
    owner,
    homeLabel: '',
    addressOf: () => undefined,
  };
  try {
    return await probeSubstrate(kind, substrate, { again: forSetup, signal });
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return { usable: false, version: null, native: 'no', findings: [{ ok: false, what }] };
  }
}

async function probeGit(signal: AbortSignal): Promise<ProbeFinding> {
  const result = await run(['git', '--version'], { timeoutMs: TIMEOUT_MS, signal });
  if (result.ok) return { ok: true, what: result.stdout.trim().replace('version ', '') };
  if (process.platform === 'darwin') {
    // Its /usr/bin/git only offers to install the real one, in a dialogue.
    return { ok: false, what: 'git is not installed', fix: 'xcode-select --install' };
  }
  return { ok: false, what: 'git is not installed', fix: 'cspace setup', packages: ['git'] };
}

/** On Linux the daemon runs as root; everything else runs as the user. */
async function probeRoot(signal: AbortSignal): Promise<ProbeFinding> {
  if (process.getuid?.() === 0) return { ok: true, what: 'root, for the daemon' };
  const result = await run(['sudo', '-n', 'true'], { timeoutMs: TIMEOUT_MS, signal });
  if (result.ok) return { ok: true, what: 'sudo without a password, for the daemon' };
  if (!result.notFound) return { ok: true, what: 'sudo, for the daemon; it may ask for a password' };
  return {
    ok: false,
    what: 'sudo is not installed',
    why: 'machines need root on Linux: the daemon is started through sudo',
    fix: 'run cspace as root, or install sudo as root: apt-get install sudo',
  };
}
