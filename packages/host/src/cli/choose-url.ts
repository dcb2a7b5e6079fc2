import { lookup as lookupName } from 'node:dns/promises';

export interface ChosenUrl {
  url: string;
  /** Why it has the address in the name's place. */
  reason?: string;
  /** What gives it the name. */
  fix?: string;
}

/** The addresses that this host has for a name; throws where it has none. */
export type Lookup = (name: string) => Promise<string[]>;

/** A resolver that does not know the zones may ask around for long. */
const TIMEOUT_MS = 2000;

const lookupByHost: Lookup = async (name) =>
  (await lookupName(name, { all: true, family: 4 })).map(({ address }) => address);

/** The URL as it is where this host finds the sandbox by its name; else with its address. */
export async function chooseUrl(
  { url, domain, address }: { url: string; domain: string; address: string },
  lookup: Lookup = lookupByHost,
): Promise<ChosenUrl> {
  const parsed = new URL(url);
  if (parsed.hostname !== domain) return { url, reason: 'the server takes no name in the Host header' };
  const found = await Promise.race([lookup(domain).catch((): string[] => []), wait(TIMEOUT_MS)]);
  if (found.includes(address)) return { url };
  parsed.hostname = address;
  const reason = `this host does not know the name ${domain}`;
  return { url: parsed.href, reason, fix: 'cspace dns install' };
}

function wait(ms: number): Promise<string[]> {
  return new Promise((resolve) => setTimeout(resolve, ms, []).unref());
}
