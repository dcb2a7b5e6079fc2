/** Homebrew's own folder on Apple silicon, where a user's git-lfs may be, and `container` too. */
const HOMEBREW = '/opt/homebrew/bin';
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

type BaseEnv = Record<'PATH' | 'LANG' | 'LC_ALL', string>;

/**
 * The environment of what we run: fixed, so that it does not depend on who called. What the system brings goes before what
 * a user installed. macOS has `C.UTF-8` in some versions only.
 */
export function getBaseEnv(platform: NodeJS.Platform = process.platform): BaseEnv {
  const isMac = platform === 'darwin';
  const language = isMac ? 'en_US.UTF-8' : 'C.UTF-8';
  return { PATH: isMac ? `${PATH}:${HOMEBREW}` : PATH, LANG: language, LC_ALL: language };
}

/** Nothing is inherited but this: children of the daemon must not depend on who started it. */
export const BASE_ENV = getBaseEnv();
