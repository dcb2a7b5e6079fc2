import { readFile } from 'node:fs/promises';
import { readMostOpenFiles } from '../../../system/process-limits.ts';
import type { ProbeFinding } from '../../substrate.ts';
import { findVirtiofsd } from './virtiofsd.ts';

/** A middling project with its dependencies; below it the limit will be felt. */
const ENOUGH_FILES = 100_000;

export interface FolderFindings {
  /** Without it there are no folders. */
  virtiofsd: ProbeFinding;
  /** For information: `up` compares it with each clone. */
  openFiles: ProbeFinding;
}

/** What this host has for the folders of microVMs. Never throws. `root` stands for `/`, for tests. */
export async function probeFolders(path: string, signal: AbortSignal, root = '/'): Promise<FolderFindings> {
  const [virtiofsd, openFiles, release] = await Promise.all([
    findVirtiofsd(path, signal, root).catch(() => undefined),
    readMostOpenFiles(root),
    readFile(`${root}/etc/os-release`, 'utf8').catch(() => ''),
  ]);
  return {
    virtiofsd: virtiofsd
      ? { ok: true, what: `virtiofsd ${virtiofsd.version}` }
      : {
          ok: false,
          what: 'virtiofsd is not installed',
          why: 'it is needed to give microVMs their folders',
          fix: 'cspace setup --substrate qemu',
          packages: [getPackage(release)],
        },
    openFiles:
      openFiles >= ENOUGH_FILES
        ? { ok: true, what: `${openFiles} files of a microVM's folders in use at a time` }
        : {
            ok: false,
            what: `only ${openFiles} files of a microVM's folders can be in use at a time`,
            why: 'each is an open file of the host, and the limit cannot be raised from here',
            fix: 'raise the hard limit of open files (ulimit -Hn) of what starts the daemon, or put heavy trees on the machine\'s own disk: "volumes": ["node_modules"]',
          },
  };
}

/** QEMU brought its own until version 8: Debian up to 12 and Ubuntu up to 22.04 have that one. */
export function getPackage(osRelease: string): string {
  const id = /^ID="?(\w+)"?$/m.exec(osRelease)?.[1];
  const version = Number(/^VERSION_ID="?([\d.]+)"?$/m.exec(osRelease)?.[1]);
  const old = (id === 'debian' && version < 13) || (id === 'ubuntu' && version < 23);
  return old ? 'qemu-system-common' : 'virtiofsd';
}
