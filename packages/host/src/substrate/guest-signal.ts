/** As `signalMarked` does on a host, by what every image of ours has. */
const SCRIPT = `grep -lszxF -- "$1" /proc/[0-9]*/environ |
  while IFS=/ read -r _ _ pid _; do kill -s "$2" "$pid"; done 2>/dev/null`;

/** What to run as root in a guest, to signal all processes with this entry in their environment. */
export function getSignalArgv(entry: string, signal: NodeJS.Signals): string[] {
  return ['/bin/sh', '-c', SCRIPT, 'sh', entry, signal.replace(/^SIG/, '')];
}
