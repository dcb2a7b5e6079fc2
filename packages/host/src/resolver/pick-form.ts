import type { FormName } from './form.ts';

/** How this host resolves names, as far as a form depends on it. */
export interface ResolverFacts {
  /** All else is about Linux. */
  isMac?: boolean;
  /** Of /etc/resolv.conf, the first one asked first. */
  nameservers: readonly string[];
  /** Of the hosts line of /etc/nsswitch.conf. */
  sources: readonly string[];
  /** The version of the systemd-resolved that answers; undefined where none does. */
  resolved: number | undefined;
  dnsmasq: DnsmasqFacts | undefined;
}

/** The dnsmasq that answers at the host's first name server. */
export interface DnsmasqFacts {
  /** Where it reads files from; undefined where it reads no folder. */
  folder: string | undefined;
  /** How it is started anew; undefined where we do not know who runs it. */
  restart: readonly string[] | undefined;
}

export interface Pick {
  form: FormName;
  /** For people: what was found. */
  why: string;
}

const STUBS = ['127.0.0.53', '127.0.0.54'];
/** The first systemd whose resolved takes a port with a server's address (NEWS of v246). */
const MIN_RESOLVED = 246;

/** The form for a host, by what its programs really ask. Pure. */
export function pickForm(facts: ResolverFacts): Pick {
  if (facts.isMac) return { form: 'macos', why: 'this is a Mac' };
  const resolved = explainResolved(facts);
  if (resolved.usable) return { form: 'resolved', why: resolved.why };
  const dnsmasq = explainDnsmasq(facts);
  if (dnsmasq.usable) return { form: 'dnsmasq', why: dnsmasq.why };
  return { form: 'hosts', why: [resolved.why, dnsmasq.why].join('; ') };
}

/** Why a form cannot serve on this host; undefined where it can. */
export function findObstacle(form: FormName, facts: ResolverFacts): string | undefined {
  if (facts.isMac) return form === 'macos' ? undefined : 'this is a Mac';
  if (form === 'macos') return 'this is no Mac';
  if (form === 'hosts') return undefined;
  const { usable, why } = form === 'resolved' ? explainResolved(facts) : explainDnsmasq(facts);
  return usable ? undefined : why;
}

interface Explained {
  usable: boolean;
  why: string;
}

function explainResolved({ resolved, nameservers, sources }: ResolverFacts): Explained {
  if (resolved === undefined) return { usable: false, why: 'systemd-resolved does not run' };
  if (resolved < MIN_RESOLVED) {
    return { usable: false, why: `systemd-resolved ${resolved} is older than ${MIN_RESOLVED}` };
  }
  const names = sources.map((source) => source.split(' ')[0]);
  const dns = names.indexOf('dns');
  const resolve = names.indexOf('resolve');
  if (resolve >= 0 && (dns < 0 || resolve < dns)) {
    return { usable: true, why: 'systemd-resolved runs, and /etc/nsswitch.conf asks it' };
  }
  if (STUBS.includes(nameservers[0] ?? '')) {
    return { usable: true, why: 'systemd-resolved runs, and /etc/resolv.conf names its stub' };
  }
  return { usable: false, why: 'systemd-resolved runs, but the programs of this host do not ask it' };
}

function explainDnsmasq({ dnsmasq, nameservers }: ResolverFacts): Explained {
  const at = nameservers[0] ?? '';
  if (!dnsmasq) return { usable: false, why: `no dnsmasq of this host answers at its name server ${at}` };
  const found = `dnsmasq answers at this host's name server ${at}`;
  if (dnsmasq.folder === undefined) {
    return { usable: false, why: `${found}, but it reads no folder with files of others (conf-dir)` };
  }
  if (!dnsmasq.restart) {
    return { usable: false, why: `${found}, but neither systemd, an init script nor NetworkManager runs it` };
  }
  return { usable: true, why: `${found} and reads ${dnsmasq.folder}` };
}
