import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const CAP_SYS_RESOURCE = 24n; // capabilities(7), linux/capability.h
/** What a server of files leaves to the rest of the host. */
const SPARE_FILES = 16_384;

/** proc(5), /proc/pid/status: a set of capabilities, in hexadecimal. */
export function hasCapability(status: string, bit: bigint, set: 'CapEff' | 'CapBnd' = 'CapEff'): boolean {
  const found = new RegExp(`^${set}:\\s*([0-9a-f]+)$`, 'm').exec(status);
  return found ? ((BigInt(`0x${found[1]}`) >> bit) & 1n) === 1n : false;
}

/** May raise limits above the hard ones. `set`: what we may, or what we could as root. */
export const mayRaiseLimits = (status: string, set?: 'CapEff' | 'CapBnd'): boolean =>
  hasCapability(status, CAP_SYS_RESOURCE, set);

/** proc(5), /proc/pid/limits: name, soft limit, hard limit, unit, in columns. */
export function parseHardLimit(limits: string, name: string): number {
  const line = limits.split('\n').find((candidate) => candidate.startsWith(name));
  const hard = line?.slice(name.length).trim().split(/\s+/)[1];
  return hard === undefined || hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
}

/** How many files a process may hold open that this one (or root, as which it would be started) gives all it can. */
export async function readMostOpenFiles(root = '/'): Promise<number> {
  const [status, limits, perProcess, ofHost] = await Promise.all(
    ['self/status', 'self/limits', 'sys/fs/nr_open', 'sys/fs/file-max'].map((file) =>
      readFile(join(root, 'proc', file), 'utf8').catch(() => ''),
    ),
  );
  const hard = parseHardLimit(limits ?? '', 'Max open files');
  const most = Math.min(
    Number(perProcess) || hard,
    Math.max((Number(ofHost) || hard) - SPARE_FILES, SPARE_FILES),
  );
  return mayRaiseLimits(status ?? '', 'CapBnd') ? most : Math.min(hard, most);
}
