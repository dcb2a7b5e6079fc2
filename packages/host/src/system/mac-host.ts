/** What is known of a Mac without asking any program. */
export interface MacHost {
  /** Of this very program. */
  arch: string;
  /** Of the kernel (`uname -r`). */
  release: string;
  /** This program is translated by Rosetta; undefined where nobody asked. */
  translated?: boolean | undefined;
}

export interface Obstacle {
  what: string;
  why: string;
  fix?: string;
}

/** The kernel of macOS 26; that of macOS 15 is Darwin 24. */
const MIN_DARWIN = 25;

/** Why no sandboxes can be on this Mac; undefined where they can. Pure. */
export function findMacObstacle({ arch, release, translated }: MacHost): Obstacle | undefined {
  if (arch !== 'arm64') {
    if (translated !== false) {
      return {
        what: 'this cspace is built for Intel',
        why: "Apple's container is for Apple silicon only, and refuses to run under Rosetta",
        fix: 'install the build for arm64; in a terminal that is under Rosetta itself: arch -arm64 zsh',
      };
    }
    return {
      what: 'this Mac has an Intel processor',
      why: "Apple's container, which makes the machines, is for Apple silicon only",
    };
  }
  if (Number.parseInt(release, 10) >= MIN_DARWIN) return undefined;
  return {
    what: 'this macOS is older than 26',
    why: 'before macOS 26 machines do not reach each other, and their network cannot be looked at',
    fix: 'update it: System Settings, General, Software Update',
  };
}
