import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { getSshPaths } from '../../../system/paths.ts';
import { makeSshKey } from '../../../system/ssh-key.ts';
import { runTogether } from '../../../system/together.ts';
import { getPasswd, getSshConfig, HOST_ALIAS } from './config.ts';

const KEYS_PROBLEM = { code: 'machine-failed', message: 'could not make the keys of the machine' } as const;

interface SshFilesOptions {
  /** The machine's state folder, in memory, where only root writes. */
  folder: string;
  /** Of the machine: its ssh client runs as that one too. */
  uid: number;
}

/** What the guest is told. */
export interface GuestKeys {
  /** The text of its own private key. */
  hostKey: string;
  /** Who may log in: one line. */
  authorized: string;
}

/**
 * The keys of a machine that is being made, and what its ssh client reads. Both pairs are made here, so that the host knows
 * the guest before it has spoken: there is no trust on first use. The machine's user may read what the client needs, and
 * write nothing but the folder of the kept connection. Throws `machine-failed`.
 */
export async function makeSshFiles({ folder, uid }: SshFilesOptions, signal: AbortSignal): Promise<void> {
  const paths = getSshPaths(folder);
  await mkdir(paths.folder, { mode: 0o711 });
  await mkdir(paths.mux, { mode: 0o700 });
  await chown(paths.mux, uid, uid);
  await runTogether(
    signal,
    [paths.key, paths.hostKey].map(
      (path) => (signal: AbortSignal) =>
        makeSshKey(path, { signal, problem: KEYS_PROBLEM, install: 'cspace setup' }),
    ),
  );
  await chown(paths.key, uid, uid);
  const known = await readFile(`${paths.hostKey}.pub`, 'utf8');
  await writeReadable(paths.knownHosts, `${HOST_ALIAS} ${known}`);
  await writeReadable(paths.config, getSshConfig(paths));
  await writeReadable(paths.passwd, getPasswd(uid));
}

/** The guest's side of the keys of a machine that was made. */
export async function readGuestKeys(folder: string): Promise<GuestKeys> {
  const { key, hostKey } = getSshPaths(folder);
  const [text, line] = await Promise.all([readFile(hostKey, 'utf8'), readFile(`${key}.pub`, 'utf8')]);
  return { hostKey: text, authorized: line.trim() };
}

/** Root's, for all to read, whatever the umask. */
async function writeReadable(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'wx' });
  await chmod(path, 0o444);
}
