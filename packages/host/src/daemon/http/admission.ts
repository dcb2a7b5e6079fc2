import type { Problem } from '@cspace/protocol/problem';
import type { Audience } from '../service.ts';

/** What is looked at of a request before anything is asked of it. */
export interface Incoming {
  method: string;
  /** As it came, with its query. */
  target: string;
  /** Every `Host` header that came. */
  hosts: readonly string[];
  origin: string | undefined;
  /** `Sec-Fetch-Site`: what a browser says of the page that asks. */
  site: string | undefined;
}

/** Where the request came in. */
export interface Place {
  audience: Audience;
  address: string;
  port: number;
}

/**
 * Why a request is not to be answered at all, whatever it shows; undefined where it may go on. A page that a browser has
 * loaded from elsewhere comes under a name of its own (DNS rebinding: the `Host` header) or says where it is from
 * (`Origin`, `Sec-Fetch-Site`). No answer ever carries a CORS header.
 */
export function getRefusal(incoming: Incoming, place: Place): Problem | undefined {
  const { method, target, hosts, origin, site } = incoming;
  const [host] = hosts;
  if (host === undefined || hosts.length > 1 || !target.startsWith('/')) {
    return { code: 'usage', message: 'the request has to have a path, and one Host header' };
  }
  if (!getHosts(place).includes(host.toLowerCase())) {
    return {
      code: 'wrong-host',
      message: 'nothing is served under this name',
      why: `the Host header has to be one of ${getHosts(place).join(', ')}`,
    };
  }
  const isForeign = origin !== undefined && origin !== `http://${host.toLowerCase()}`;
  if (isForeign || (site !== undefined && site !== 'same-origin' && site !== 'none')) {
    return { code: 'foreign-origin', message: 'pages of another origin may not ask here' };
  }
  if (method !== 'GET' && method !== 'POST') {
    return { code: 'method-not-allowed', message: 'only GET and POST are understood here' };
  }
  return undefined;
}

function getHosts({ audience, address, port }: Place): string[] {
  const names = audience === 'host' ? [address, 'localhost'] : [address];
  return names.flatMap((name) => [`${name}:${port}`, name]);
}
