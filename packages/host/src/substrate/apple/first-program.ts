import { GUEST } from '../../system/paths.ts';

/**
 * What runs first in a machine, as root: `container` tells neither how a machine ended nor lets anybody in between its
 * network and its first program. So this one makes volumes `dev`'s and sets what can be set, waits for the host's word,
 * runs the image's own program, hands SIGTERM on, and leaves word of its end.
 *
 * No rules of the host's are between sandboxes of one project: it makes one that lets only the host talk to the
 * supervisor and to ssh. Its guest can take that away, a sibling cannot.
 *
 * The folder is listed, not the file asked for: a guest may remember that a file was not there (virtiofs). SIGINT and
 * SIGQUIT are set back, since a shell has what it starts in the background ignore them. A wait that SIGTERM cuts short says 143,
 * also where the program ended meanwhile, by that signal: its code is what a wait for one that is gone says.
 */
const SCRIPT = `
orders=$1 words=$2 volumes=$3; shift 3
trap 'exit 143' TERM
while [ "$volumes" -gt 0 ]; do
  rmdir "$1/lost+found" 2>/dev/null; chown dev:dev "$1"; shift; volumes=$((volumes - 1))
done
while [ "$1" != -- ]; do
  [ -e "$1" ] && echo "$2" 2>/dev/null >"$1"; shift 2
done
shift
until ls "$orders" | grep -qx go; do sleep 0.03; done
gateway=$(ip -4 route show default 2>/dev/null | sed -n 's/^default via \\([0-9.]*\\).*/\\1/p')
[ -z "$gateway" ] || nft "
  table ip cspace_siblings {
    chain input {
      type filter hook input priority filter - 5; policy accept;
      iif != lo tcp dport { 22, 6201 } ip saddr != $gateway reject with tcp reset
    }
  }" || echo 'cspace: no rules: siblings reach the port of the supervisor'
killed() { sed -n 's/^oom_kill //p' /proc/vmstat; }
before=$(killed)
child=
trap 'kill -s TERM "$child" 2>/dev/null' TERM
TINI_SUBREAPER= env --default-signal=INT,QUIT "$@" &
child=$!
while wait "$child"; kill -0 "$child" 2>/dev/null; do :; done
wait "$child"; code=$?
how=
[ "$code" = 137 ] && [ "$(killed)" != "$before" ] && how=' oom'
echo "$code$how" >"$words/.ended" && mv "$words/.ended" "$words/ended"
exit "$code"
`;

export interface FirstProgramOptions {
  /** What the image runs. */
  argv: readonly string[];
  volumes: readonly string[];
  /** Kernel settings by their dotted names, where the guest may write them. */
  sysctls: Record<string, string>;
}

/** Its argv, to stand after the image's name; `/bin/sh` is the entrypoint. */
export function getFirstProgram({ argv, volumes, sysctls }: FirstProgramOptions): string[] {
  const settings = Object.entries(sysctls).flatMap(([name, value]) => [
    `/proc/sys/${name.replaceAll('.', '/')}`,
    value,
  ]);
  const { orders, words } = GUEST;
  const volumeArgs = [String(volumes.length), ...volumes];
  return ['-c', SCRIPT.trim(), 'sh', orders, words, ...volumeArgs, ...settings, '--', ...argv];
}
