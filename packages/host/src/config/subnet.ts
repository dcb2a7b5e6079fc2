import { z } from 'zod';

/** Room for a handful of sandboxes at least, and no more than a /16. */
const [MIN_PREFIX, MAX_PREFIX] = [16, 28];

/** An IPv4 network in CIDR form whose host bits are zero. */
export const Subnet = z.string().superRefine((text, context) => {
  const mistake = findMistake(text);
  if (mistake !== undefined) context.addIssue({ code: 'custom', message: mistake });
});

function findMistake(text: string): string | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (!match) return 'an IPv4 network such as "192.168.64.0/24"';
  const octets = match.slice(1, 5).map(Number);
  const prefix = Number(match[5]);
  if (octets.some((octet) => octet > 255)) return 'no part of an IPv4 address is larger than 255';
  if (prefix < MIN_PREFIX || prefix > MAX_PREFIX)
    return `the prefix is from /${MIN_PREFIX} to /${MAX_PREFIX}`;
  const address = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const size = 2 ** (32 - prefix);
  if (address % size === 0) return undefined;
  const base = address - (address % size);
  const dotted = [24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.');
  return `the network that this address is in is "${dotted}/${prefix}"`;
}
