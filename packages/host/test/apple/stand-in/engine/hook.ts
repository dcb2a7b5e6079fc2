import { BRIDGE } from '../network/names.ts';
import { getPaths, type World } from '../state.ts';

/** What podman has the runtime call after each end of a machine (oci-hooks(5)). */
export function getHook(script: string): object {
  return {
    version: '1.0.0',
    hook: { path: script, args: [script] },
    when: { always: true },
    stages: ['poststop'],
  };
}

/**
 * Takes away the links of machines that have ended, then every bridge without one, as vmnet does; and the records of those
 * that are to go with their end. In the shell, since nobody calls `container` when a machine ends by itself. A machine's list
 * of links goes last of all: whoever stops it waits for that.
 */
export function getHookScript(world: World): string {
  const { containers, networkLock } = getPaths(world);
  return `#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
cat >/dev/null
exec 9>>'${networkLock}'
flock 9
for file in '${containers}'/*/link; do
  [ -f "$file" ] || continue
  read -r pid links <"$file"
  [ -e "/proc/$pid" ] && continue
  for link in $links; do ip link del "$link" 2>/dev/null; done
  mv "$file" "$file-gone"
done
ip -o link show type bridge | sed -n 's/^[0-9]*: \\(${BRIDGE}[0-9]*\\):.*/\\1/p' | while read -r bridge; do
  [ -z "$(ip -o link show master "$bridge")" ] || continue
  ip link del "$bridge"
  nft delete table ip "$bridge" 2>/dev/null
done
for file in '${containers}'/*/link-gone; do
  [ -f "$file" ] || continue
  folder=\${file%/link-gone}
  rm -f "$file"
  [ -e "$folder/auto-remove" ] && rm -rf "$folder"
done
exit 0
`;
}
