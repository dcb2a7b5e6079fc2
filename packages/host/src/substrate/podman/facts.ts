import { readFile, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '../../system/find-program.ts';
import { mayRaiseLimits, parseHardLimit } from '../../system/process-limits.ts';

/** What this host is like, as far as the engine has to be told. */
export interface HostFacts {
  /** cgroup v1 with a v2 hierarchy beside it that has controllers of its own: crun refuses to work there. */
  hybridCgroups: boolean;
  /** systemd is the first process (sd_booted(3)). */
  systemd: boolean;
  /** May raise limits above the hard ones. */
  mayRaiseLimits: boolean;
  /** Hard limits of this process; Infinity where there is none. */
  maxOpenFiles: number;
  maxProcesses: number;
  /** podman's network program; it is only recommended by Debian's package. */
  netavark: boolean;
  /** Absolute path of crun; undefined where it is missing. */
  crun: string | undefined;
}

const TMPFS_MAGIC = 0x01021994; // statfs(2)
/** Where podman looks for it (containers.conf(5), helper_binaries_dir). */
const HELPER_FOLDERS = [
  '/usr/local/libexec/podman',
  '/usr/local/lib/podman',
  '/usr/libexec/podman',
  '/usr/lib/podman',
];

/** `root` stands for `/`, `path` is a PATH to find programs on; both for tests. */
export async function getHostFacts(path: string, root = '/'): Promise<HostFacts> {
  const [status, limits] = await Promise.all([
    readText(join(root, 'proc/self/status')),
    readText(join(root, 'proc/self/limits')),
  ]);
  return {
    hybridCgroups: await hasHybridCgroups(join(root, 'sys/fs/cgroup')),
    systemd: await exists(join(root, 'run/systemd/system')),
    mayRaiseLimits: mayRaiseLimits(status),
    maxOpenFiles: parseHardLimit(limits, 'Max open files'),
    maxProcesses: parseHardLimit(limits, 'Max processes'),
    netavark:
      (await findProgram('netavark', HELPER_FOLDERS.map((folder) => join(root, folder)).join(':'))) !==
      undefined,
    crun: await findProgram('crun', path),
  };
}

async function hasHybridCgroups(folder: string): Promise<boolean> {
  const controllers = await readText(join(folder, 'unified/cgroup.controllers'));
  if (controllers.trim() === '') return false;
  return (await statfs(folder)).type === TMPFS_MAGIC;
}

const readText = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
