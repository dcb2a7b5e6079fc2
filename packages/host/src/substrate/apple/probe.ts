import { BASE_ENV, run } from '../../system/exec.ts';
import type { Probe, ProbeFinding } from '../substrate.ts';
import { isAtLeast, parseVersion } from '../versions.ts';

const LEAST = [1, 0, 0] as const;
/** The service's ping of its parts takes 10 s where they do not answer. */
const TIMEOUT_MS = 15_000;

export interface AppleProbeOptions {
  path?: string;
  signal: AbortSignal;
}

/** What this host has and lacks for machines by Apple's `container`. Never throws. */
export async function probeApple({ path = BASE_ENV.PATH, signal }: AppleProbeOptions): Promise<Probe> {
  const ask = (argv: readonly string[]) => run(argv, { timeoutMs: TIMEOUT_MS, signal, env: { PATH: path } });
  const said = await ask(['container', '--version']);
  const version = parseVersion(said.stdout);
  const program = judgeProgram(said.notFound, version);
  const findings = [program];
  if (program.ok) findings.push(judgeService((await ask(STATUS)).stdout));
  return {
    usable: findings.every(({ ok }) => ok),
    version: version?.join('.') ?? null,
    native: 'yes',
    findings,
  };
}

const STATUS = ['container', 'system', 'status', '--format', 'json'];

export function judgeProgram(isMissing: boolean, version: readonly number[] | undefined): ProbeFinding {
  const fix = 'https://github.com/apple/container/releases';
  if (isMissing) return { ok: false, what: "Apple's container is not installed", fix };
  if (!version) return { ok: false, what: "Apple's container does not tell its version", fix };
  const what = `container ${version.join('.')}`;
  if (isAtLeast(version, LEAST)) return { ok: true, what };
  return { ok: false, what: `${what} is too old`, why: 'cspace needs container 1.0 or later', fix };
}

/** By the JSON, which it prints also where it fails. */
export function judgeService(text: string): ProbeFinding {
  let status: unknown;
  try {
    status = (JSON.parse(text) as { status?: unknown }).status;
  } catch {
    status = undefined;
  }
  if (status === 'running') return { ok: true, what: "container's service" };
  return {
    ok: false,
    what: `container's service ${typeof status === 'string' ? `is ${status}` : 'does not answer'}`,
    fix: 'container system start --enable-kernel-install',
  };
}
