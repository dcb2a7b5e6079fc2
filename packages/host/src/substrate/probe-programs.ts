import { run } from '../system/exec.ts';
import { findProgram } from '../system/find-program.ts';
import type { ProbeFinding } from './substrate.ts';
import { isAtLeast, parseVersion } from './versions.ts';

const TIMEOUT_MS = 20_000;

export interface WantedProgram {
  name: string;
  /** Debian packages that bring it. */
  packages: readonly string[];
  forWhat: string;
}

/** Whether a program is on `path`. */
export async function probeProgram(program: WantedProgram, path: string): Promise<ProbeFinding> {
  if ((await findProgram(program.name, path)) !== undefined) return { ok: true, what: program.name };
  return getMissing(program);
}

export function getMissing({ name, packages, forWhat }: WantedProgram): ProbeFinding {
  return {
    ok: false,
    what: `${name} is not installed`,
    why: `it is needed ${forWhat}`,
    fix: 'cspace setup',
    packages: [...packages],
  };
}

export interface WantedVersion {
  name: string;
  packages: readonly string[];
  least: readonly number[];
  /** Why an older one does not do. */
  tooOld: string;
  /** What mends that. */
  upgrade: string;
  path: string;
}

/** Whether a program is there, and new enough by what its `--version` says; null where it does not say. */
export async function probeVersion(
  { name, packages, least, tooOld, upgrade, path }: WantedVersion,
  signal: AbortSignal,
): Promise<{ version: string | null; finding: ProbeFinding }> {
  const result = await run([name, '--version'], { timeoutMs: TIMEOUT_MS, signal, env: { PATH: path } });
  if (result.notFound) {
    const what = `${name} is not installed`;
    return { version: null, finding: { ok: false, what, fix: 'cspace setup', packages: [...packages] } };
  }
  const version = parseVersion(result.stdout);
  if (!result.ok || !version) {
    const why = result.timedOut
      ? 'it did not answer in time'
      : result.stderr || result.stdout || 'it says nothing';
    const what = `${name} does not work`;
    return { version: null, finding: { ok: false, what, why, fix: `${name} --version` } };
  }
  const text = version.join('.');
  const finding = isAtLeast(version, least)
    ? { ok: true, what: `${name} ${text}` }
    : { ok: false, what: `${name} ${text} is too old`, why: tooOld, fix: upgrade };
  return { version: text, finding };
}
