import { selectSubstrate } from '../substrate/select.ts';
import type { ProbeFinding } from '../substrate/substrate.ts';
import { run } from '../system/exec.ts';
import type { Owner } from '../system/owner.ts';
import { getEngineFolder } from '../system/paths.ts';

export type Finding = ProbeFinding;

export interface HostProbe {
  /** Everything required is there. */
  usable: boolean;
  findings: Finding[];
}

export interface ProbeHostOptions {
  owner: Owner;
  signal: AbortSignal;
}

const TIMEOUT_MS = 10_000;

/** What this host has and lacks for sandboxes, and for us. Starts nothing and changes nothing; never throws. */
export async function probeHost({ owner, signal }: ProbeHostOptions): Promise<HostProbe> {
  const [machines, git, root] = await Promise.all([
    probeMachines({ owner, signal }),
    probeGit(signal),
    probeRoot(signal),
  ]);
  return {
    usable: machines.usable && git.ok && root.ok,
    findings: [...machines.findings, git, root],
  };
}

async function probeMachines({ owner, signal }: ProbeHostOptions): Promise<HostProbe> {
  try {
    const substrate = selectSubstrate(undefined, {
      // A probe writes nothing there.
      folder: getEngineFolder(''),
      owner,
      homeLabel: '',
      addressOf: () => undefined,
    });
    return await substrate.probe(signal);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return { usable: false, findings: [{ ok: false, what }] };
  }
}

async function probeGit(signal: AbortSignal): Promise<ProbeFinding> {
  const result = await run(['git', '--version'], { timeoutMs: TIMEOUT_MS, signal });
  if (result.ok) return { ok: true, what: result.stdout.trim().replace('version ', '') };
  return { ok: false, what: 'git is not installed', fix: 'cspace setup', packages: ['git'] };
}

/** On Linux the daemon runs as root; everything else runs as the user. */
async function probeRoot(signal: AbortSignal): Promise<ProbeFinding> {
  if (process.platform !== 'linux' || process.getuid?.() === 0)
    return { ok: true, what: 'root, for the daemon' };
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
