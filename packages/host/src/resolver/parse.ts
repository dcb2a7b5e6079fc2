/** The addresses of `nameserver` lines (resolv.conf(5)); without one the C library asks 127.0.0.1. */
export function parseNameservers(text: string): string[] {
  const found = [...text.matchAll(/^nameserver[ \t]+(\S+)/gm)].map((match) => match[1] ?? '');
  return found.length > 0 ? found : ['127.0.0.1'];
}

/**
 * The sources of the `hosts:` line of nsswitch.conf(5), in order, each with the reaction behind it in brackets, such as
 * `mdns4 [NOTFOUND=return]`. Without a line: what the C library takes then.
 */
export function parseHostSources(text: string): string[] {
  const line = /^[ \t]*hosts:([^#\n]*)/m.exec(text)?.[1];
  if (line === undefined) return ['files', 'dns'];
  return [...line.matchAll(/([\w-]+)((?:\s*\[[^\]]*\])*)/g)].map(([, name = '', actions = '']) =>
    [name, ...actions.split(/(?=\[)/)]
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .join(' '),
  );
}

export interface Listening {
  address: string;
  /** Undefined where the process is not ours to see. */
  program: string | undefined;
  pid: number | undefined;
}

/** Who listens on port 53, of `ss --listening --numeric --udp --no-header --processes`. */
export function parseListening(text: string): Listening[] {
  return text.split('\n').flatMap((line) => {
    const local = line.trim().split(/\s+/)[3];
    const [, address] = /^(.*):53$/.exec(local ?? '') ?? [];
    if (address === undefined) return [];
    const users = /users:\(\("([^"]+)",pid=(\d+)/.exec(line);
    return [
      {
        address: address.replace(/%.*$/, '').replace(/^\[|\]$/g, ''),
        program: users?.[1],
        pid: users ? Number(users[2]) : undefined,
      },
    ];
  });
}

/** What a dnsmasq reads beside its command line (dnsmasq(8), --conf-file and --conf-dir); `argv` without the program. */
export function parseDnsmasqArgv(argv: readonly string[]): { file: string; folders: string[] } {
  let file = '/etc/dnsmasq.conf';
  const folders: string[] = [];
  for (const [i, word] of argv.entries()) {
    const [, name = '', value] = /^(-C|--conf-file|-7|--conf-dir)(?:=?(.*))$/.exec(word) ?? [];
    if (name === '') continue;
    const given = value || (argv[i + 1] ?? '');
    if (name === '-C' || name === '--conf-file') file = given;
    else folders.push(getFolder(given));
  }
  return { file, folders };
}

/** The `conf-dir` lines of a dnsmasq.conf. */
export function parseDnsmasqConf(text: string): string[] {
  return [...text.matchAll(/^[ \t]*conf-dir[ \t]*=[ \t]*(\S+)/gm)].map((match) => getFolder(match[1] ?? ''));
}

/** What follows the folder says which of its files count; cspace.conf does with all that is usual. */
function getFolder(value: string): string {
  return value.split(',')[0] ?? '';
}

/** The systemd service that a process is in, by /proc/<pid>/cgroup; undefined where it is in none. */
export function parseService(cgroup: string): string | undefined {
  return /\/([^/\n]+\.service)(?:\/|$)/m.exec(cgroup)?.[1];
}
