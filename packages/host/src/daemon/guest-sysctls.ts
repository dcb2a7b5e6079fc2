import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `route_localnet` lets packets from outside reach servers on 127.0.0.1 (ADR 22). Without IPv6 `localhost` is 127.0.0.1 for
 * every program: node and vite would bind ::1, which no rule can reach.
 */
const FORWARDING = {
  'net.ipv4.conf.all.route_localnet': '1',
  'net.ipv6.conf.all.disable_ipv6': '1',
  'net.ipv6.conf.default.disable_ipv6': '1',
  'net.ipv6.conf.lo.disable_ipv6': '1',
};

/**
 * Settings of a machine's network, those that this host's kernel knows: one unknown (IPv6 may be left out of a kernel)
 * and the machine would not start. `forwarding: 'relay'` is for tests: the guest then does without.
 */
export function getGuestSysctls(options: { forwarding?: string | undefined; folder?: string }) {
  if (options.forwarding === 'relay') return {};
  const folder = options.folder ?? '/proc/sys';
  const known = Object.entries(FORWARDING).filter(([name]) =>
    existsSync(join(folder, name.replaceAll('.', '/'))),
  );
  return Object.fromEntries(known);
}
