import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { run } from '../system/exec.ts';
import { HOST_FILES } from '../system/paths.ts';
import {
  type Listening,
  parseDnsmasqArgv,
  parseDnsmasqConf,
  parseHostSources,
  parseListening,
  parseNameservers,
  parseService,
} from './parse.ts';
import type { DnsmasqFacts, ResolverFacts } from './pick-form.ts';

const TIMEOUT_MS = 10_000;
/** Ids of users of containers start above those of the host's own. */
const MAX_HOST_UID = 65_535;

/** Looks how this host resolves names. Changes nothing, needs no root, never throws. */
export async function readResolverFacts(
  signal: AbortSignal,
  platform: NodeJS.Platform = process.platform,
): Promise<ResolverFacts> {
  if (platform === 'darwin')
    return { isMac: true, nameservers: [], sources: [], resolved: undefined, dnsmasq: undefined };
  const nameservers = parseNameservers(read(HOST_FILES.resolvConf) ?? '');
  return {
    nameservers,
    sources: parseHostSources(read(HOST_FILES.nsswitch) ?? ''),
    resolved: await findResolved(signal),
    dnsmasq: await findDnsmasq(nameservers[0] ?? '', signal),
  };
}

/** `status` is answered by the service itself, which the bus starts where it is installed and wanted. */
async function findResolved(signal: AbortSignal): Promise<number | undefined> {
  if (!existsSync(HOST_FILES.resolvedSocket)) return undefined;
  const status = await run(['resolvectl', '--no-pager', 'status'], { timeoutMs: TIMEOUT_MS, signal });
  if (!status.ok) return undefined;
  const { stdout } = await run(['resolvectl', '--version'], { timeoutMs: TIMEOUT_MS, signal });
  return Number(/^systemd (\d+)/.exec(stdout)?.[1] ?? 0);
}

async function findDnsmasq(nameserver: string, signal: AbortSignal): Promise<DnsmasqFacts | undefined> {
  if (!nameserver.startsWith('127.')) return undefined;
  const found = findDnsmasqPids(nameserver, await listListening(signal)).flatMap(readDnsmasq);
  return found.find(({ folder }) => folder !== undefined) ?? found[0];
}

/** Empty where it has ended meanwhile. */
function readDnsmasq(pid: number): DnsmasqFacts[] {
  const argv = read(`/proc/${pid}/cmdline`)?.split('\0').slice(1, -1);
  if (argv === undefined) return [];
  const { file, folders } = parseDnsmasqArgv(argv);
  const folder = [...folders, ...parseDnsmasqConf(read(file) ?? '')].find((path) => existsSync(path));
  return [{ folder, restart: getRestart(pid, folder) }];
}

/** Who listens for DNS in this network namespace; whose it is shows to root only. */
export async function listListening(signal: AbortSignal): Promise<Listening[]> {
  const argv = ['ss', '--listening', '--numeric', '--udp', '--no-header', '--processes'];
  return parseListening((await run(argv, { timeoutMs: TIMEOUT_MS, signal })).stdout);
}

/** The one that answers at the address; where only root could tell which, those that may be it. */
function findDnsmasqPids(nameserver: string, listening: Listening[]): number[] {
  const there = listening.filter(({ address }) => [nameserver, '0.0.0.0', '*'].includes(address));
  if (there.some(({ program }) => program !== undefined && program !== 'dnsmasq')) return [];
  const pids = there.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  return pids.length > 0 || there.length === 0 ? pids : guessPids();
}

/** Every dnsmasq that is no container's, as far as a plain user sees. */
function guessPids(): number[] {
  const own = readLink('/proc/self/ns/net');
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  const found = pids.filter((pid) => {
    if (read(`/proc/${pid}/comm`)?.trim() !== 'dnsmasq') return false;
    const network = readLink(`/proc/${pid}/ns/net`);
    if (network !== undefined) return network === own;
    return (statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? MAX_HOST_UID + 1) <= MAX_HOST_UID;
  });
  return found.map(Number);
}

/** How the host starts its dnsmasq anew: it reads files of a folder at its start only. */
function getRestart(pid: number, folder: string | undefined): readonly string[] | undefined {
  // It runs as a child of NetworkManager's, in the service of that.
  if (folder?.includes('/NetworkManager/')) return ['nmcli', 'general', 'reload', 'dns-full'];
  const service = existsSync('/run/systemd/system')
    ? parseService(read(`/proc/${pid}/cgroup`) ?? '')
    : undefined;
  if (service !== undefined) return ['systemctl', 'restart', service];
  if (existsSync(HOST_FILES.dnsmasqScript)) return [HOST_FILES.dnsmasqScript, 'restart'];
  return undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
