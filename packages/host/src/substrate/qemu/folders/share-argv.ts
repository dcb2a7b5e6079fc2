import type { Mount } from '../../substrate.ts';

/** What the script says on its stdout when its user namespace wants its ids. */
export const WANTS_IDS = 'wants ids';

/**
 * In a mount namespace of its own, and still as root of the host: a small file system with nothing in it but the folders
 * `0`, `1`, …, each a bind of a mount's source. It is on /run, which every host has, which needs no rights to pass, and
 * in which the server looks for nothing. Then in a user namespace, whose ids are written from outside before the
 * line comes that it waits for; without that line, as when whoever started it died, it ends.
 */
const SCRIPT = `
at=$1; shift
mount -t tmpfs -o mode=0755,size=64k,nosuid,nodev,noexec cspace /run
i=0
while [ "$1" != -- ]; do
  mkdir -p "$at/$i"
  mount --bind -o "nosuid,nodev,$1" "$2" "$at/$i"
  i=$((i + 1)); shift 2
done
shift
mount -o remount,ro,nosuid,nodev,noexec /run
exec unshare --user --keep-caps sh -euc 'echo ${WANTS_IDS}; read go; exec "$@" </dev/null >/dev/null' sh "$@"
`;

export interface SharePlan {
  mounts: readonly Pick<Mount, 'source' | 'readOnly'>[];
  /** What the share is called: a path below /run, for its command line to say; nothing of it is there on the host. */
  folder: string;
  /** How many files it may hold open. */
  openFiles: number;
  /** The server's command line. */
  server: readonly string[];
}

/**
 * The server as root of a user namespace, with all capabilities in there (it drops most) and none outside. The limit is
 * raised first, while it may be.
 */
export function getShareArgv({ mounts, folder, openFiles, server }: SharePlan): string[] {
  const asRoot = [
    '--reuid',
    '0',
    '--regid',
    '0',
    '--clear-groups',
    '--inh-caps',
    '-all',
    '--ambient-caps',
    '-all',
  ];
  return [
    ...['prlimit', `--nofile=${openFiles}:${openFiles}`],
    ...['unshare', '--mount', '--propagation', 'private', 'sh', '-euc', SCRIPT, 'sh', folder],
    ...mounts.flatMap(({ source, readOnly }) => [readOnly ? 'ro' : 'rw', source]),
    ...['--', 'setpriv', '--no-new-privs', ...asRoot, ...server],
  ];
}
