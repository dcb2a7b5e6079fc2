import type { Attachment } from '../network/attach.ts';
import type { ContainerRecord } from './record.ts';

/** `/etc/hosts` and `/etc/resolv.conf` of a machine: ordinary files, by default with the gateway as name server. Pure. */
export function getResolverFiles(
  record: ContainerRecord,
  networks: readonly Attachment[],
): Record<string, string> {
  const [first] = networks;
  const hosts = `127.0.0.1 localhost\n${first ? `${first.address} ${record.id}\n` : ''}`;
  const { dns } = record;
  if (!dns) return { hosts };
  const servers = dns.nameservers.length > 0 ? dns.nameservers : first ? [first.gateway] : [];
  const lines = [
    ...(dns.domain === undefined ? [] : [`domain ${dns.domain}`]),
    ...(dns.searchDomains.length > 0 ? [`search ${dns.searchDomains.join(' ')}`] : []),
    ...servers.map((server) => `nameserver ${server}`),
    ...(dns.options.length > 0 ? [`options ${dns.options.join(' ')}`] : []),
  ];
  return { hosts, 'resolv.conf': `${lines.join('\n')}\n` };
}

const SCRIPT = `
while [ $# -gt 0 ]; do
  rm -f "/etc/$1"; printf %s "$2" >"/etc/$1"; shift 2
done`;

/**
 * Written from within the machine's own namespaces, before its first process: it may have put links where the files are.
 * An image without a shell does without them.
 */
export function writeResolver(record: ContainerRecord, networks: readonly Attachment[], pid: number): void {
  const files = Object.entries(getResolverFiles(record, networks)).flat();
  Bun.spawnSync(['nsenter', '-t', `${pid}`, '-U', '-m', '--', 'sh', '-c', SCRIPT, 'sh', ...files], {
    stdio: ['ignore', 'ignore', 'ignore'],
    timeout: 10_000,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
}
