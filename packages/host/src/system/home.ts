import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { run } from './exec.ts';
import type { Owner } from './owner.ts';

/**
 * The home folder of a user: our own by HOME, another's by the user database. Undefined where it has none.
 * Programs that are run as the owner need it to find the owner's configuration.
 */
export async function getHomeFolder(
  owner: Owner,
  signal?: AbortSignal,
  platform: NodeJS.Platform = process.platform,
): Promise<string | undefined> {
  if (owner.uid === process.getuid?.()) return homedir();
  if (platform === 'darwin') return askMac(owner, signal);
  const local = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const found = parseHomeFolder(local, owner.uid);
  if (found !== undefined) return found;
  // Users that are not in the file (LDAP, systemd-homed) are known to the name service only.
  const asked = await run(['getent', 'passwd', String(owner.uid)], {
    timeoutMs: 5000,
    ...(signal === undefined ? {} : { signal }),
  });
  return asked.ok ? parseHomeFolder(asked.stdout, owner.uid) : undefined;
}

/** The sixth field of the user's line (passwd(5)). */
export function parseHomeFolder(passwd: string, uid: number): string | undefined {
  for (const line of passwd.split('\n')) {
    const fields = line.split(':');
    if (fields[2] === String(uid)) return fields[5] || undefined;
  }
  return undefined;
}

/** The users of macOS are in its directory service; /etc/passwd has none of them. */
async function askMac(owner: Owner, signal?: AbortSignal): Promise<string | undefined> {
  const asked = await run(['dscacheutil', '-q', 'user', '-a', 'uid', String(owner.uid)], {
    timeoutMs: 5000,
    ...(signal === undefined ? {} : { signal }),
  });
  return parseMacHome(asked.stdout);
}

/** Of `dscacheutil -q user`: a line `key: value` each. */
export const parseMacHome = (text: string): string | undefined => /^dir: (\/.*)$/m.exec(text)?.[1];
