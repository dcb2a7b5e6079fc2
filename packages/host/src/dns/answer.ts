import { getDomainName, ZONES } from '@cspace/protocol/zones';
import { parseReverseName, type ReverseName } from './reverse.ts';
import { CLASS_IN, type Question, RCODE, type Rcode, TYPE } from './wire.ts';
import type { Host, Zone } from './zone.ts';

/** The data of one record of an answer; its owner is the name that was asked for. */
export type RecordData = { type: 'A' | 'NS' | 'PTR'; data: string } | { type: 'SOA' } | { type: 'HINFO' };

/** What to answer. Without records it is negative, and carries the SOA record of the zone `apex`. */
export type Answer =
  | { rcode: typeof RCODE.NOERROR | typeof RCODE.NXDOMAIN; apex: string; records: readonly RecordData[] }
  | { rcode: Refusal };
type Refusal = Exclude<Rcode, typeof RCODE.NOERROR | typeof RCODE.NXDOMAIN>;

/**
 * The name server of every zone, in all of them: the zone's own name, whose address is the gateway. No label would do,
 * since any that a host name may have could be a sandbox's short name or a project's.
 */
const NAME_SERVER = ZONES[0];
const APEX_DATA: readonly RecordData[] = [{ type: 'SOA' }, { type: 'NS', data: NAME_SERVER }];

/**
 * The answer to a question, from the names of this moment. Undefined where it is about a name that is not ours: whether
 * somebody else is asked then is not for this to say.
 */
export function answer(question: Question, zone: Zone): Answer | undefined {
  const refused = refuse(question);
  if (refused !== undefined) return { rcode: refused };
  const node = findNode(question.labels, zone);
  if (!node) return undefined;
  const { apex, data } = node;
  if (!data) return { rcode: RCODE.NXDOMAIN, apex, records: [] };
  // Not all there is, which would be worth asking for with somebody else's address: RFC 8482, 4.2.
  if (question.type === TYPE.ANY && data.length > 0)
    return { rcode: RCODE.NOERROR, apex, records: [{ type: 'HINFO' }] };
  return { rcode: RCODE.NOERROR, apex, records: data.filter(({ type }) => TYPE[type] === question.type) };
}

/** For what is asked, whatever the name is: zones are not transferred, and other classes are not served. */
function refuse({ type, class: dnsClass }: Question): Refusal | undefined {
  if (type === TYPE.OPT) return RCODE.FORMERR;
  if (dnsClass !== CLASS_IN || type === TYPE.AXFR || type === TYPE.IXFR) return RCODE.REFUSED;
  // The other types of 128 to 255 are no data, but things to do (RFC 6895, 3.1).
  return type >= 128 && type < TYPE.ANY ? RCODE.NOTIMP : undefined;
}

/** A name and what it has; data is undefined where the name does not exist, and empty where it does and has nothing. */
interface Node {
  apex: string;
  data: readonly RecordData[] | undefined;
}

function findNode(labels: readonly string[], zone: Zone): Node | undefined {
  const apex = labels.slice(-2).join('.');
  // A single label may hold a dot, too.
  if (labels.length > 1 && ZONES.some((name) => name === apex))
    return { apex, data: findData(labels.slice(0, -2), zone) };
  const reverse = zone.networks.reduce<ReverseName | undefined>(
    (found, { subnet }) => found ?? parseReverseName(labels, subnet),
    undefined,
  );
  if (!reverse) return undefined;
  if (reverse.isApex) return { apex: reverse.apex, data: APEX_DATA };
  const name = reverse.address === undefined ? undefined : findName(reverse.address, zone);
  return { apex: reverse.apex, data: name === undefined ? undefined : [{ type: 'PTR', data: name }] };
}

/** `labels`: those in front of the zone. */
function findData(labels: readonly string[], zone: Zone): Node['data'] {
  if (labels.length === 0) return [...APEX_DATA, { type: 'A', data: zone.networks[0]?.gateway ?? '' }];
  const host = findHost(labels, zone);
  if (host === 'ambiguous') return [];
  if (host) return host.address === undefined ? [] : [{ type: 'A', data: host.address }];
  // A project has no address; but names are below it, so that it exists (RFC 8020).
  return labels.length === 1 && zone.projects.has(labels[0] ?? '') ? [] : undefined;
}

/**
 * What is in front of a sandbox's name does not matter. Its full name goes before a short one. What is in front of a
 * project's name is that project's alone: `venus.shop` without a venus must not be another project's sandbox `shop`.
 */
function findHost(labels: readonly string[], zone: Zone): Host | 'ambiguous' | undefined {
  const last = labels.at(-1) ?? '';
  if (labels.length === 1) return zone.short.get(last);
  return (
    zone.full.get(`${labels.at(-2)}.${last}`) ?? (zone.projects.has(last) ? undefined : zone.short.get(last))
  );
}

function findName(address: string, zone: Zone): string | undefined {
  if (zone.networks.some(({ gateway }) => address === gateway)) return NAME_SERVER;
  const host = zone.byAddress.get(address);
  return host && getDomainName(host.ref);
}
