import { formatAddress, parseAddress, parseSubnet } from '../network/addresses.ts';

/**
 * A name below `in-addr.arpa` that is ours: in the zone `apex`, one for each /24 of the subnet. `address` is undefined
 * where the name is no address; the apex itself has none either.
 */
export interface ReverseName {
  apex: string;
  isApex: boolean;
  address: string | undefined;
}

/** Undefined for what is outside the subnet. A subnet smaller than a /24 leaves the rest of that zone to others. */
export function parseReverseName(labels: readonly string[], subnet: string): ReverseName | undefined {
  if (labels.at(-1) !== 'arpa' || labels.at(-2) !== 'in-addr') return undefined;
  const [a, b, c, d, ...rest] = labels.slice(0, -2).reverse();
  const block = parseAddress(`${a}.${b}.${c}.0`);
  if (block === undefined) return undefined;
  const { first, size } = parseSubnet(subnet);
  if (block + 255 < first || block >= first + size) return undefined;
  const apex = `${c}.${b}.${a}.in-addr.arpa`;
  if (d === undefined) return { apex, isApex: true, address: undefined };
  const address = parseAddress(`${a}.${b}.${c}.${d}`);
  if (address === undefined) return { apex, isApex: false, address: undefined };
  if (address < first || address >= first + size) return undefined;
  return { apex, isApex: false, address: rest.length === 0 ? formatAddress(address) : undefined };
}
