import { ProblemError } from '@cspace/protocol/problem';
import { getTail, run } from '../system/exec.ts';
import { getOwnNamespacesArgv } from '../system/own-namespaces.ts';

/** 15 to 20 s where the mirror is near. */
const TIMEOUT_MS = 15 * 60_000;
/** What `unshare` exits with where the program does not exist. */
const NOT_FOUND = 127;

export interface ArchiveOptions {
  /** Of Debian: `trixie`. */
  suite: string;
  /** The tar archive to write; an absolute path. */
  archive: string;
  /** An existing folder for what is in the making. */
  work: string;
  signal: AbortSignal;
  onProgress: (message: string) => void;
}

/** Makes a root file system of Debian's packages, as slim as its image in the registries. Needs root. */
export async function makeBaseArchive(options: ArchiveOptions): Promise<void> {
  const { suite, archive, work, signal, onProgress } = options;
  const result = await run(getArchiveArgv(suite, archive), {
    timeoutMs: TIMEOUT_MS,
    signal,
    env: { TMPDIR: work },
    onLine: (line) => onProgress(`base: ${line}`),
  });
  if (result.ok) return;
  if (result.cancelled) {
    throw new ProblemError({ code: 'interrupted', message: 'the image build was interrupted' });
  }
  const missing = result.notFound || result.exitCode === NOT_FOUND;
  throw new ProblemError({
    code: 'image-build-failed',
    message: "the base image could neither be pulled nor made from Debian's packages",
    why: missing ? 'mmdebstrap is not installed' : getTail(result.stderr || result.stdout),
    fix: missing ? 'sudo apt-get install mmdebstrap debian-archive-keyring' : 'cspace image build',
  });
}

/**
 * In namespaces of its own: mmdebstrap mounts /proc, /sys and the host's own /dev/shm in the new root, and leaves them
 * and its children behind when it is killed.
 */
export function getArchiveArgv(suite: string, archive: string): string[] {
  const excluded = ['man', 'doc', 'info', 'locale'];
  return getOwnNamespacesArgv([
    ...['mmdebstrap', '--variant=minbase', '--aptopt=Acquire::Languages "none"'],
    ...excluded.map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
    ...['--dpkgopt=path-include=/usr/share/doc/*/copyright', suite, archive, 'http://deb.debian.org/debian'],
  ]);
}
