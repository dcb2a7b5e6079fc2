import { createRandom } from '../../../packages/host/test/support/random.ts';

/** The sandboxes: as many names as a busy host has. */
export const NAMES = Array.from({ length: 100 }, (_, n) => ({
  project: 'shop',
  sandbox: `n${n}`,
  domain: `n${n}.shop.cspace2.local`,
  address: `192.168.64.${n + 2}`,
}));

/** That of the last name goes to and fro between these. */
export const CHANGING = {
  project: 'shop',
  sandbox: 'n99',
  domain: 'n99.shop.cspace2.local',
  addresses: ['192.168.64.101', '192.168.64.201'],
} as const;

/** What dnsperf asks: A of each, AAAA of each, and as many that are not there, in any order. */
export function getQueries(): string {
  const random = createRandom(4);
  const lines = NAMES.flatMap(({ domain }) => [
    `${domain} A`,
    `${domain} AAAA`,
    `${domain.replace('.shop', '-x.shop')} A`,
  ]);
  for (let n = lines.length - 1; n > 0; n -= 1) {
    const other = random.int(n + 1);
    [lines[n], lines[other]] = [lines[other] ?? '', lines[n] ?? ''];
  }
  return `${lines.join('\n')}\n`;
}
