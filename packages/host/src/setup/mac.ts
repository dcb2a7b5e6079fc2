import { release } from 'node:os';
import type { ProbeFinding } from '../substrate/substrate.ts';
import { BASE_ENV, run } from '../system/exec.ts';
import { findMacObstacle } from '../system/mac-host.ts';

export interface MacOptions {
  arch?: string;
  /** Where the programs of macOS are looked for. */
  path?: string;
  signal: AbortSignal;
}

const TIMEOUT_MS = 10_000;

/** The Mac itself. Never throws. */
export async function probeMac({
  arch = process.arch,
  path = BASE_ENV.PATH,
  signal,
}: MacOptions): Promise<ProbeFinding> {
  const ask = async (argv: readonly string[]) =>
    (await run(argv, { timeoutMs: TIMEOUT_MS, signal, env: { PATH: path } })).stdout.trim();
  const [version, translated, kernel] = await Promise.all([
    ask(['sw_vers', '-productVersion']),
    // The name is unknown to the kernel of a Mac with Intel.
    ask(['sysctl', '-n', 'sysctl.proc_translated']),
    ask(['uname', '-r']),
  ]);
  const host = { arch, release: kernel || release(), translated: translated === '1' };
  const { what, ...obstacle } = findMacObstacle(host) ?? { what: `macOS ${version || '26'}` };
  return 'why' in obstacle
    ? { ok: false, what: `${what}${describe(version)}`, ...obstacle }
    : { ok: true, what };
}

const describe = (version: string) => (version === '' ? '' : ` (macOS ${version})`);
