import { ProblemError } from '@cspace/protocol/problem';

export interface Subnet {
  /** The first address, as a number. */
  first: number;
  prefix: number;
  /** Addresses in it, its own and the broadcast one included. */
  size: number;
}

/** Longer ones leave no room for sandboxes, shorter ones are nobody's to take. */
const PREFIXES = { least: 16, most: 28 };

/** `192.168.64.0/24`. Throws `config-invalid` where it is no IPv4 subnet, or has bits set after its prefix. */
export function parseSubnet(text: string): Subnet {
  const found = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(text);
  const address = found ? parseAddress(found[1] ?? '') : undefined;
  const prefix = Number(found?.[2]);
  const size = 2 ** (32 - prefix);
  if (address === undefined || prefix < PREFIXES.least || prefix > PREFIXES.most || address % size !== 0) {
    throw new ProblemError({
      code: 'config-invalid',
      message: `${text} is not a subnet that sandboxes can live in`,
      fix: `write it as 192.168.64.0/24, with a prefix from ${PREFIXES.least} to ${PREFIXES.most}`,
    });
  }
  return { first: address, prefix, size };
}

/** A dotted IPv4 address as a number; undefined where it is none. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/** The daemon's own address: the first of the subnet that a host can have. */
export function getGateway(subnet: string): string {
  return formatAddress(parseSubnet(subnet).first + 1);
}

/**
 * A hardware address that follows from the IP address, in the range for local use. With one picked at random a machine
 * made anew on a used address would be dead until the host's ARP entry expires.
 */
export function getMac(address: string): string {
  return `02:c5:${getHex(address).match(/../g)?.join(':') ?? ''}`;
}

/**
 * The number that all cables of a home carry, by which rules tell them from the host's other interfaces. It follows from
 * the subnet, of which the last four bits are zero: whole, it would not fit what `ip` takes, 31 bits.
 */
export function getLinkGroup(subnet: string): number {
  return parseSubnet(subnet).first / 16;
}

/** The host's end of a machine's cable, whatever its kind: 10 of at most 15 characters (IFNAMSIZ). */
export function getCableName(address: string): string {
  return `cs${getHex(address)}`;
}

function getHex(address: string): string {
  const number = parseAddress(address);
  if (number === undefined) throw new TypeError(`not an IPv4 address: ${address}`);
  return number.toString(16).padStart(8, '0');
}

/** `preferred` where it is free, else the lowest free one; undefined where the subnet is full. */
export function pickAddress(
  subnet: string,
  taken: ReadonlySet<string>,
  preferred?: string,
): string | undefined {
  const { first, size } = parseSubnet(subnet);
  const isUsable = (address: number) => address > first + 1 && address < first + size - 1;
  if (preferred !== undefined && !taken.has(preferred) && isUsable(parseAddress(preferred) ?? -1))
    return preferred;
  for (let address = first + 2; address < first + size - 1; address += 1) {
    const text = formatAddress(address);
    if (!taken.has(text)) return text;
  }
  return undefined;
}
