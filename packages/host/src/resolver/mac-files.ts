import { ZONES } from '@cspace/protocol/zones';
import type { Target } from './form.ts';

/** The first line of a file of ours: what has another one there is not ours to change. */
const MARK = '# cspace ';

/**
 * What stands in `/etc/resolver/<zone>` (resolver(5) of macOS): the file's name is the domain, and all below it, wildcards
 * and all, is asked of the daemon. It goes before multicast DNS for a name under `.local`, being longer. Pure.
 */
export function getResolverFiles(target: Pick<Target, 'home' | 'homeLabel' | 'uid' | 'port'>) {
  const { home, homeLabel, uid, port } = target;
  const text = [
    `${MARK}${homeLabel}`,
    `# For ${home.replace(/\p{Cc}/gu, '?')} (user ${uid}). To take it away: cspace dns uninstall`,
    'nameserver 127.0.0.1',
    `port ${port}`,
    // The daemon may be gone: it comes with the next command, and nobody is to wait for it until then.
    'timeout 2',
    '',
  ].join('\n');
  return ZONES.map((zone) => ({ zone, text }));
}

export const isOurs = (text: string): boolean => text.startsWith(MARK);

/** Whether `scutil --dns` knows that a domain is asked at 127.0.0.1 and this port. Pure. */
export function hasResolver(scutil: string, zone: string, port: number): boolean {
  return scutil.split(/^resolver #/m).some((block) => {
    const get = (key: string) => new RegExp(`^\\s*${key}\\s*:\\s*(\\S+)`, 'm').exec(block)?.[1];
    return get('domain') === zone && get('nameserver\\[0\\]') === '127.0.0.1' && get('port') === String(port);
  });
}

/** The first address in the output of `dscacheutil -q host -a name NAME`. Pure. */
export const parseHostAddress = (text: string): string | undefined => /^ip_address:\s*(\S+)/m.exec(text)?.[1];
