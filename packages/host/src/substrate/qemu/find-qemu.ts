import { run } from '../../system/exec.ts';
import { findProgram } from '../../system/find-program.ts';
import { parseVersion } from '../versions.ts';

export const QEMU = 'qemu-system-x86_64';
const TIMEOUT_MS = 20_000;

/** QEMU on a PATH: where, and its version; undefined where it is not, or does not answer. */
export async function findQemu(
  path: string,
  signal: AbortSignal,
): Promise<{ path: string; version: string } | undefined> {
  const found = await findProgram(QEMU, path);
  if (found === undefined) return undefined;
  const { ok, stdout } = await run([found, '--version'], { timeoutMs: TIMEOUT_MS, signal });
  const version = ok ? parseVersion(stdout) : undefined;
  return version && { path: found, version: version.join('.') };
}
