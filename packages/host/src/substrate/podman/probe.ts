import { readFile } from 'node:fs/promises';
import { run } from '../../system/exec.ts';
import { findProgram } from '../../system/find-program.ts';
import type { Probe, ProbeFinding } from '../substrate.ts';
import { isAtLeast, parseVersion } from './parse.ts';
import { CRUN_LEAST, getTooOldReason, KERNEL_LEAST, PODMAN_LEAST, UPGRADE } from './requirements.ts';

const TIMEOUT_MS = 20_000;

/** Programs that must be there besides the engine itself, and the Debian packages that bring them. */
const PROGRAMS = [
  { name: 'ip', pkg: 'iproute2', forWhat: 'to attach sandboxes to the network' },
  { name: 'nft', pkg: 'nftables', forWhat: 'to let sandboxes out to the network' },
  { name: 'nsenter', pkg: 'util-linux', forWhat: "to set up a sandbox's own network" },
  { name: 'setpriv', pkg: 'util-linux', forWhat: 'to end helpers along with the daemon' },
] as const;

/** Needed to build the image where no registry can be reached, not to run one. */
const BUILD_PROGRAMS = [
  { name: 'mmdebstrap', pkg: 'mmdebstrap', forWhat: "to make the image's base from Debian's packages" },
] as const;

/** What this host has and lacks for machines by podman. Never throws. */
export async function probePodman(path: string, signal: AbortSignal): Promise<Probe> {
  const [podman, crun, kernel, namespaces, ...programs] = await Promise.all([
    probeVersion({ name: 'podman', least: PODMAN_LEAST, path }, signal),
    probeVersion({ name: 'crun', least: CRUN_LEAST, path }, signal),
    probeKernel(),
    probeUserNamespaces(),
    ...PROGRAMS.map((program) => probeProgram(program, path)),
  ]);
  const optional = await Promise.all(BUILD_PROGRAMS.map((program) => probeProgram(program, path)));
  const required = [podman.finding, crun.finding, kernel, namespaces, ...programs];
  return {
    usable: required.every((finding) => finding.ok),
    version: podman.version,
    findings: [...required, ...optional],
  };
}

async function probeVersion(
  { name, least, path }: { name: string; least: readonly number[]; path: string },
  signal: AbortSignal,
): Promise<{ version: string | null; finding: ProbeFinding }> {
  const result = await run([name, '--version'], { timeoutMs: TIMEOUT_MS, signal, env: { PATH: path } });
  if (result.notFound) {
    const finding = { ok: false, what: `${name} is not installed`, fix: 'cspace setup', packages: [name] };
    return { version: null, finding };
  }
  const version = parseVersion(result.stdout);
  if (!result.ok || !version) {
    const why = result.timedOut
      ? 'it did not answer in time'
      : result.stderr || result.stdout || 'it says nothing';
    return {
      version: null,
      finding: { ok: false, what: `${name} does not work`, why, fix: `${name} --version` },
    };
  }
  const text = version.join('.');
  if (isAtLeast(version, least)) return { version: text, finding: { ok: true, what: `${name} ${text}` } };
  return {
    version: text,
    finding: {
      ok: false,
      what: `${name} ${text} is too old`,
      why: getTooOldReason(name, least),
      fix: UPGRADE,
    },
  };
}

async function probeProgram(
  program: { name: string; pkg: string; forWhat: string },
  path: string,
): Promise<ProbeFinding> {
  if ((await findProgram(program.name, path)) !== undefined) return { ok: true, what: program.name };
  return {
    ok: false,
    what: `${program.name} is not installed`,
    why: `it is needed ${program.forWhat}`,
    fix: 'cspace setup',
    packages: [program.pkg],
  };
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
