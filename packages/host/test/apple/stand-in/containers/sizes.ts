import { Failure } from '../failure.ts';

const UNITS = ['', 'k', 'm', 'g', 't', 'p'];

/** A size in bytes by binary units: `1g`, `512M`, `2GiB`, `100`. */
export function parseSize(text: string): number {
  const [, digits, unit = ''] = /^(\d+)\s*([kmgtp]?)(?:i?b)?$/i.exec(text) ?? [];
  if (digits === undefined) throw new Failure('invalidArgument', `invalid size: ${text}`);
  return Number(digits) * 1024 ** UNITS.indexOf(unit.toLowerCase());
}

const MIB = 1024 ** 2;
const LEAST_MEMORY = 200 * MIB;

export function parseMemory(text: string): number {
  // Without a unit it is MiB, as the CLI hands it on.
  const bytes = /^\d+$/.test(text) ? Number(text) * MIB : parseSize(text);
  if (bytes >= LEAST_MEMORY) return bytes;
  throw new Failure('invalidArgument', `minimum memory amount allowed is 200 MiB (got ${bytes} bytes)`);
}
