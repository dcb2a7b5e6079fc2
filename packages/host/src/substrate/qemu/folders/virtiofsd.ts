import { join } from 'node:path';
import { run } from '../../../system/exec.ts';
import { findProgram } from '../../../system/find-program.ts';

/** The server of folders: QEMU's own in C, up to QEMU 7.2, or the later one in Rust. Both speak the same to QEMU. */
export interface Virtiofsd {
  /** The command: the program, mostly alone. */
  argv: readonly string[];
  kind: 'c' | 'rust';
  version: string;
}

/** Where Debian 13 and Fedora, Debian 12, Arch have it; none of them on the PATH. */
export const VIRTIOFSD_FOLDERS = ['/usr/libexec', '/usr/lib/qemu', '/usr/lib'];
const TIMEOUT_MS = 10_000;

/** What both say on stderr once they can be connected to. */
export const LISTENING = 'Waiting for vhost-user socket connection';

/**
 * By PATH, then in the places of distributions, below `root`. Undefined where there is none that says what it is.
 */
export async function findVirtiofsd(
  path: string,
  signal: AbortSignal,
  root = '/',
): Promise<Virtiofsd | undefined> {
  const folders = [...path.split(':'), ...VIRTIOFSD_FOLDERS.map((folder) => join(root, folder))].filter(
    Boolean,
  );
  const program = await findProgram('virtiofsd', folders.join(':'));
  if (program === undefined) return undefined;
  const { stdout } = await run([program, '--version'], { timeoutMs: TIMEOUT_MS, signal });
  const found = parseVirtiofsdVersion(stdout);
  return found && { argv: [program], ...found };
}

/** `virtiofsd version 7.2.22 (Debian …)` is the one in C, `virtiofsd 1.13.2` the one in Rust. */
export function parseVirtiofsdVersion(text: string): Pick<Virtiofsd, 'kind' | 'version'> | undefined {
  const found = /^virtiofsd (version )?(\d[\w.]*)/m.exec(text);
  if (found?.[2] === undefined) return undefined;
  return { kind: found[1] === undefined ? 'rust' : 'c', version: found[2] };
}

/**
 * Its command line for a folder and a listening socket given as descriptor `fd`. Limits stay as they are set. The sandbox
 * by namespaces is the tighter one: nothing but the folder, no network. Mounts in the folder are announced, else files
 * of two mounts with one inode number would be one to the guest. No extended attributes: each would be another question
 * to the host for every file.
 */
export function getVirtiofsdArgv({ argv, kind }: Virtiofsd, folder: string, fd: number): string[] {
  const common = [...argv, `--fd=${fd}`, '--rlimit-nofile=0'];
  return kind === 'c'
    ? [...common, '-f', '-o', `sandbox=namespace,announce_submounts,cache=auto,source=${folder}`]
    : [
        ...common,
        ...['--sandbox=namespace', '--announce-submounts', '--cache=auto', '--inode-file-handles=never'],
        `--shared-dir=${folder}`,
      ];
}
