import { readFile } from 'node:fs/promises';
import { probeProgram, probeVersion, type WantedProgram } from '../probe-programs.ts';
import type { Probe, ProbeFinding } from '../substrate.ts';
import { isAtLeast, parseVersion } from '../versions.ts';
import { CRUN_LEAST, getTooOldReason, KERNEL_LEAST, PODMAN_LEAST, UPGRADE } from './requirements.ts';

/** Programs that must be there besides the engine itself, and the Debian packages that bring them. */
const PROGRAMS: readonly WantedProgram[] = [
  { name: 'ip', packages: ['iproute2'], forWhat: 'to attach sandboxes to the network' },
  { name: 'nft', packages: ['nftables'], forWhat: 'to let sandboxes out to the network' },
  { name: 'nsenter', packages: ['util-linux'], forWhat: "to set up a sandbox's own network" },
  { name: 'setpriv', packages: ['util-linux'], forWhat: 'to end helpers along with the daemon' },
];

/** Needed to build the image where no registry can be reached, not to run one. */
const BUILD_PROGRAMS: readonly WantedProgram[] = [
  {
    name: 'mmdebstrap',
    packages: ['mmdebstrap'],
    forWhat: "to make the image's base from Debian's packages",
  },
];

/** What this host has and lacks for machines by podman. Never throws. */
export async function probePodman(path: string, signal: AbortSignal): Promise<Probe> {
  const [podman, crun, kernel, namespaces, ...programs] = await Promise.all([
    probe('podman', PODMAN_LEAST, { path, signal }),
    probe('crun', CRUN_LEAST, { path, signal }),
    probeKernel(),
    probeUserNamespaces(),
    ...PROGRAMS.map((program) => probeProgram(program, path)),
  ]);
  const optional = await Promise.all(BUILD_PROGRAMS.map((program) => probeProgram(program, path)));
  const required = [podman.finding, crun.finding, kernel, namespaces, ...programs];
  return {
    usable: required.every((finding) => finding.ok),
    version: podman.version,
    native: 'yes',
    findings: [...required, ...optional.map((finding) => ({ ...finding, optional: true }))],
  };
}

function probe(
  name: string,
  least: readonly number[],
  { path, signal }: { path: string; signal: AbortSignal },
) {
  const tooOld = getTooOldReason(name, least);
  return probeVersion({ name, packages: [name], least, tooOld, upgrade: UPGRADE, path }, signal);
}

async function probeKernel(): Promise<ProbeFinding> {
  const release = (await readFile('/proc/sys/kernel/osrelease', 'utf8').catch(() => '')).trim();
  const version = parseVersion(`version ${release}`);
  const what = `Linux ${release || 'of unknown version'}`;
  if (version && isAtLeast(version, KERNEL_LEAST)) return { ok: true, what };
  return {
    ok: false,
    what: `${what} is too old`,
    why: 'mounts with mapped ownership need Linux 5.19 or later',
  };
}

async function probeUserNamespaces(): Promise<ProbeFinding> {
  const text = await readFile('/proc/sys/user/max_user_namespaces', 'utf8').catch(() => '0');
  if (Number(text) > 0) return { ok: true, what: 'user namespaces' };
  return {
    ok: false,
    what: 'user namespaces are switched off',
    why: 'the kernel setting user.max_user_namespaces is 0 or missing',
    fix: 'sudo sysctl -w user.max_user_namespaces=65536',
  };
}
