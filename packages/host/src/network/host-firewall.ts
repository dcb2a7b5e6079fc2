import { readFile } from 'node:fs/promises';
import { getLinkGroup } from './addresses.ts';
import { runTool, tryTool } from './tools.ts';

interface HostFirewallConfig {
  bridge: string;
  subnet: string;
}

/** Names of the tables that iptables of the old kind has made in this network namespace. */
const LEGACY_TABLES = '/proc/self/net/ip_tables_names';

/**
 * Lets the sandboxes' packets through where iptables drops what it does not know, as on a host with Docker or ufw: an
 * accept in our table does not overrule a drop in another. Our own rules still decide. Nothing is done where iptables has
 * no rules; a table of it that nobody made is not made by looking.
 */
export async function openHostFirewall(config: HostFirewallConfig, signal: AbortSignal): Promise<void> {
  await changeHostFirewall(signal, (listing) => getAccepts(listing, config));
}

/** Takes our rules out of iptables' chains again, and nobody else's. */
export async function closeHostFirewall(config: HostFirewallConfig, signal: AbortSignal): Promise<void> {
  await changeHostFirewall(signal, (listing) => getDeletions(listing, config));
}

/** The changes that are missing, as arguments of iptables, by its listing (`iptables -S`). Pure. */
export function getAccepts(listing: string, config: HostFirewallConfig): string[][] {
  const has = (line: string) => listing.split('\n').includes(line);
  const hasDocker = has('-N DOCKER-USER');
  const wanted: string[] = [];
  if (hasDocker || has('-P FORWARD DROP')) {
    const chain = hasDocker ? 'DOCKER-USER' : 'FORWARD';
    wanted.push(getRule(chain, '--src-group', config), getRule(chain, '--dst-group', config));
  }
  if (has('-P INPUT DROP')) wanted.push(getRule('INPUT', '--src-group', config));
  const present = getOurs(listing, config);
  return [
    ...wanted.filter((rule) => !present.includes(rule)).map((rule) => ['-I', ...rule.split(' ')]),
    // Of a former policy, subnet or chain.
    ...present.filter((rule) => !wanted.includes(rule)).map((rule) => ['-D', ...rule.split(' ')]),
  ];
}

export function getDeletions(listing: string, config: HostFirewallConfig): string[][] {
  return getOurs(listing, config).map((rule) => ['-D', ...rule.split(' ')]);
}

/** As iptables prints it, the quotes of the comment left out. */
function getRule(chain: string, side: '--src-group' | '--dst-group', config: HostFirewallConfig): string {
  const group = `0x${getLinkGroup(config.subnet).toString(16)}`;
  return `${chain} -m devgroup ${side} ${group} -m comment --comment ${getComment(config)} -j ACCEPT`;
}

const getComment = ({ bridge }: HostFirewallConfig) => `cspace:${bridge}`;

/** Our rules in a listing, by the comment; without the `-A`. */
function getOurs(listing: string, config: HostFirewallConfig): string[] {
  const lines = listing.split('\n').map((line) => line.replace(/ --comment "([^" ]+)"/, ' --comment $1'));
  return lines
    .filter((line) => line.startsWith('-A ') && line.includes(` --comment ${getComment(config)} `))
    .map((line) => line.slice('-A '.length));
}

async function changeHostFirewall(
  signal: AbortSignal,
  getChanges: (listing: string) => string[][],
): Promise<void> {
  for (const kind of await findKinds(signal)) {
    // Where only one kind is installed it may have the plain name alone. Without any, or where the table is none of
    // iptables' making, there is nothing that we could change.
    const listings = new Map<string, string>();
    for (const program of [`iptables-${kind}`, 'iptables']) {
      const listed = await tryTool([program, '-w', '5', '-S'], signal);
      if (listed.ok) listings.set(program, listed.stdout);
      if (!listed.notFound) break;
    }
    for (const [program, listing] of listings) {
      for (const change of getChanges(listing)) {
        await runTool('let the sandboxes through iptables', [program, '-w', '5', ...change], { signal });
      }
    }
  }
}

/** Each kind of iptables keeps rules of its own: those that have any in the filter table. */
async function findKinds(signal: AbortSignal): Promise<string[]> {
  const legacy = await readFile(LEGACY_TABLES, 'utf8').catch(() => '');
  const tables = await runTool('list the tables', ['nft', 'list', 'tables', 'ip'], { signal });
  return [
    ...(tables.split('\n').includes('table ip filter') ? ['nft'] : []),
    ...(legacy.split('\n').includes('filter') ? ['legacy'] : []),
  ];
}
