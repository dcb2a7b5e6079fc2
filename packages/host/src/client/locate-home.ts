import { isAbsolute, join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import type { Owner } from '../system/owner.ts';

/** sun_path of unix(7) holds 108 bytes, the ending zero included; that of macOS (sys/un.h) 104. */
const getMaxSocketBytes = (platform: NodeJS.Platform) => (platform === 'darwin' ? 103 : 107);

export interface LocateHomeOptions {
  env: Record<string, string | undefined>;
  owner: Owner;
  platform?: NodeJS.Platform;
}

/**
 * CSPACE_HOME: where all state is; `~/.cspace` of the owner by default, also behind sudo. Throws `config-invalid` where
 * it is no usable path.
 */
export async function locateHome({
  env,
  owner,
  platform = process.platform,
}: LocateHomeOptions): Promise<string> {
  const home = env.CSPACE_HOME || join(await getUserFolder(env, owner), '.cspace');
  if (!isAbsolute(home)) {
    throw new ProblemError({
      code: 'config-invalid',
      message: `CSPACE_HOME is not an absolute path: ${home}`,
      fix: `CSPACE_HOME="$PWD/${home}"`,
    });
  }
  const most = getMaxSocketBytes(platform);
  if (Buffer.byteLength(join(home, 'daemon.sock')) > most) {
    throw new ProblemError({
      code: 'config-invalid',
      message: `the path of CSPACE_HOME is too long: ${home}`,
      why: `a socket's path has at most ${most} bytes, and the daemon's stands in that folder`,
      fix: 'set CSPACE_HOME to a shorter path',
    });
  }
  return home;
}

async function getUserFolder(env: Record<string, string | undefined>, owner: Owner): Promise<string> {
  const isSelf = owner.uid === process.getuid?.();
  if (isSelf && env.HOME && isAbsolute(env.HOME)) return env.HOME;
  // Loaded where it is needed only: it brings the running of programs with it.
  const { getHomeFolder } = await import('../system/home.ts');
  const folder = await getHomeFolder(owner);
  if (folder !== undefined) return folder;
  throw new ProblemError({
    code: 'config-invalid',
    message: `user ${owner.uid} has no home folder`,
    fix: 'set CSPACE_HOME to a folder of your own',
  });
}
