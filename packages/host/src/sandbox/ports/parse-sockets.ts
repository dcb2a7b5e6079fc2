/** A socket that waits for connections or packets, as the guest shows it. All of it is a claim of the guest. */
export interface ListeningSocket {
  protocol: 'tcp' | 'udp';
  /** `127.0.0.1`, `*` (both families), `[::]` (IPv6 alone), `[::1]`; with `%interface` where it is bound to one. */
  address: string;
  port: number;
  process: string | null;
  pid: number | null;
}

/** Far more than a sandbox has; what a hostile one prints beyond is not looked at. */
const MAX_LINES = 2000;
const MAX_LINE_LENGTH = 1024;

/** Netid, state, two queues, the local address and the peer's, then the processes (ss(8), with -H -l -t -u -n -p). */
const LINE =
  /^(tcp|udp) +[A-Z0-9-]+ +\d+ +\d+ +([0-9A-Za-z:.*[\]%@_-]{1,64}):(\d{1,5}) +\S+(?: +users:\(\((.*))?$/;
/** The first of them: a name can hold anything, a quote too. */
const PROCESS = /^"(.{0,64}?)",pid=(\d{1,10}),fd=/u;

/** What `ss` printed, line by line; what is no such line is passed over. Pure. */
export function parseSockets(text: string): { sockets: ListeningSocket[]; truncated: boolean } {
  const lines = text.split('\n', MAX_LINES + 1);
  const sockets = lines.slice(0, MAX_LINES).flatMap((line) => parseLine(line) ?? []);
  return { sockets, truncated: lines.length > MAX_LINES };
}

function parseLine(line: string): ListeningSocket | undefined {
  if (line.length > MAX_LINE_LENGTH) return undefined;
  const [, protocol, address, portText, users = ''] = LINE.exec(line.trimEnd()) ?? [];
  const port = Number(portText);
  if (address === undefined || port < 1 || port > 65_535) return undefined;
  const [, name, pid] = PROCESS.exec(users) ?? [];
  return {
    protocol: protocol === 'udp' ? 'udp' : 'tcp',
    address,
    port,
    process: name === undefined ? null : makeSafe(name),
    pid: pid === undefined ? null : Number(pid),
  };
}

/** Letters, digits, punctuation and plain spaces: no control character, and nothing that turns text around. */
function makeSafe(name: string): string {
  return name.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '?');
}
