import { ZONES } from '@cspace/protocol/zones';
import type { FormName, Trouble } from './form.ts';
import type { ResolverFacts } from './pick-form.ts';

/** A name that was looked up as every program of the host does it. */
export interface Tried {
  name: string;
  expected: string;
  /** What came, or null where the name was not found. */
  address: string | null;
}

/** Why a name did not resolve as it should, as far as the host's configuration tells. Pure. */
export function explainMiss(tried: Tried, form: FormName, facts: ResolverFacts): Trouble {
  if (facts.isMac) return explainMacMiss(tried);
  const sources = facts.sources.map((source) => source.split(' ')[0]);
  if (tried.address !== null) {
    return {
      why: `${tried.name} is ${tried.address} here, not ${tried.expected}: something else answers for it`,
      fix: 'getent -s files hosts NAME and -s dns show who; look into /etc/hosts and the cache of nscd',
    };
  }
  if (form === 'hosts' && !sources.includes('files')) {
    return {
      why: 'the hosts line of /etc/nsswitch.conf does not ask files, so nobody reads /etc/hosts',
      fix: 'write it as: hosts: files dns',
    };
  }
  const mdns = facts.sources.find((source) => /^mdns\S* .*NOTFOUND=return/i.test(source));
  const before =
    form === 'hosts' ? 'files' : form === 'resolved' && sources.includes('resolve') ? 'resolve' : 'dns';
  if (mdns && tried.name.endsWith('.local') && facts.sources.indexOf(mdns) < sources.indexOf(before)) {
    return {
      why: `${mdns} in /etc/nsswitch.conf takes .local for multicast DNS`,
      fix: `use the names under ${ZONES[1]}, or move ${before} before it`,
    };
  }
  return {
    why: `${tried.name} was not found`,
    fix: 'cspace dns install',
  };
}

function explainMacMiss({ name, expected, address }: Tried): Trouble {
  const found = address === null ? 'was not found' : `is ${address} here, not ${expected}`;
  return {
    why: `${name} ${found}: a VPN or a DNS profile may answer in the place of the files in /etc/resolver`,
    fix: 'scutil --dns shows who is asked for which domain',
  };
}
