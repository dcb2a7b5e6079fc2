import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureFolder } from '../../system/files.ts';
import type { Owner } from '../../system/owner.ts';
import { getPaths } from '../../system/paths.ts';
import { makeSshKey } from '../../system/ssh-key.ts';

const PROBLEM = { code: 'failed', message: 'could not make the key for ssh' } as const;
const INSTALL = 'install the ssh client, such as: apt-get install openssh-client';

export interface SshKey {
  /** Where the private one is. */
  path: string;
  /** The public one: a line. */
  line: string;
}

/**
 * The pair by which this home logs in to its sandboxes, made at the first call. It opens nothing by itself: the way to a
 * sandbox is the daemon's. Throws `engine-missing` and `failed`.
 */
export async function ensureSshKey(
  home: string,
  { owner, signal }: { owner: Owner; signal: AbortSignal },
): Promise<SshKey> {
  const folder = getPaths(home).ssh;
  const path = join(folder, 'id_ed25519');
  const read = async () => ({ path, line: (await readFile(`${path}.pub`, 'utf8')).trim() });
  const there = await read().catch(() => undefined);
  if (there) return there;
  await ensureFolder(folder, { owner, mode: 0o700 });
  try {
    await makeSshKey(path, { owner, signal, problem: PROBLEM, install: INSTALL });
  } catch (error) {
    // Another call may have made it meanwhile, and ssh-keygen does not write over one.
    const now = await read().catch(() => undefined);
    if (!now) throw error;
  }
  return read();
}
