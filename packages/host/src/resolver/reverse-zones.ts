import { formatAddress, parseSubnet } from '../network/addresses.ts';

/**
 * The names below `in-addr.arpa` that belong to a subnet and to nothing else: whole octets where it fills them, else
 * those below it. Pure.
 */
export function getReverseZones(subnet: string): string[] {
  const { first, prefix, size } = parseSubnet(subnet);
  const octets = prefix <= 16 ? 2 : prefix <= 24 ? 3 : 4;
  const step = 256 ** (4 - octets);
  return Array.from({ length: size / step }, (_, i) => {
    const labels = formatAddress(first + i * step)
      .split('.')
      .slice(0, octets);
    return `${labels.reverse().join('.')}.in-addr.arpa`;
  });
}
