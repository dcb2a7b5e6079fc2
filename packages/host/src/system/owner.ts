import { userInfo } from 'node:os';

/** The user whose files cspace works with: the one who runs the CLI, also behind sudo. */
export interface Owner {
  uid: number;
  gid: number;
}

/**
 * The owner by the process and, when it is root, by SUDO_UID and SUDO_GID (sudo(8), ENVIRONMENT).
 * Root itself where nobody else is there.
 */
export function getOwner(
  env: Record<string, string | undefined> = process.env,
  self: Owner = userInfo(),
): Owner {
  if (self.uid !== 0) return { uid: self.uid, gid: self.gid };
  const uid = Number(env.SUDO_UID);
  const gid = Number(env.SUDO_GID);
  if (!env.SUDO_UID || !Number.isInteger(uid) || !Number.isInteger(gid)) return { uid: 0, gid: 0 };
  return { uid, gid };
}
