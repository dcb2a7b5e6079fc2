import { ProblemError } from '@cspace/protocol/problem';
import { ZONES } from '@cspace/protocol/zones';
import { getTail, type RunResult, run } from '../system/exec.ts';
import type { Form, Target } from './form.ts';
import { getReverseZones } from './reverse-zones.ts';

const TIMEOUT_MS = 10_000;

/**
 * Routing domains of systemd-resolved on the interface of the gateway. They are the interface's, and go with it: the
 * daemon sets them whenever it has made that. A routing domain wins over multicast DNS, which has `.local` elsewhere.
 */
export const resolvedForm: Form = {
  name: 'resolved',
  title: 'routing domains of systemd-resolved',
  wildcards: true,
  describe: (target) => [
    `on the interface ${target.bridge}, whenever it is there: ${getRoutingArgvs(target)
      .map((argv) => argv.join(' '))
      .join(' && ')}`,
  ],
  // The interface may not be there yet; it is the daemon that knows.
  apply: async () => undefined,
  async revert(target, signal) {
    if (await hasRouting(target, signal))
      await runResolvectl(['resolvectl', 'revert', target.bridge], signal);
  },
  async check(target, signal) {
    if (!(await hasLink(target, signal)) || (await hasRouting(target, signal))) return undefined;
    return {
      why: `systemd-resolved has no routing domains on ${target.bridge}`,
      fix: 'cspace dns install',
    };
  },
};

/** Sets the routing domains on the interface, where that is there. Needs root. Throws `host-unsupported`. */
export async function setRouting(target: Target, signal: AbortSignal): Promise<void> {
  if (!(await hasLink(target, signal))) return;
  for (const argv of getRoutingArgvs(target)) await runResolvectl(argv, signal);
}

/**
 * The server is the daemon's on loopback, where the host's own programs are known to ask; resolved takes it for any
 * interface (tried with 252). Not a default route: it is asked for nothing else.
 */
export function getRoutingArgvs({ bridge, port, subnet }: Target): string[][] {
  const domains = [...ZONES, ...getReverseZones(subnet)].map((zone) => `~${zone}`);
  return [
    ['resolvectl', 'default-route', bridge, 'no'],
    // Where validation is demanded of all, a zone without signatures would not resolve.
    ['resolvectl', 'dnssec', bridge, 'no'],
    ['resolvectl', 'dns', bridge, `127.0.0.1:${port}`],
    ['resolvectl', 'domain', bridge, ...domains],
  ];
}

async function hasLink({ bridge }: Target, signal: AbortSignal): Promise<boolean> {
  return (await runTool(['ip', 'link', 'show', 'dev', bridge], signal)).ok;
}

async function hasRouting({ bridge, port }: Target, signal: AbortSignal): Promise<boolean> {
  const domains = await runTool(['resolvectl', '--no-pager', 'domain', bridge], signal);
  const dns = await runTool(['resolvectl', '--no-pager', 'dns', bridge], signal);
  const hasDomains = ZONES.every((zone) => domains.stdout.split(/\s+/).includes(`~${zone}`));
  return hasDomains && dns.stdout.split(/\s+/).includes(`127.0.0.1:${port}`);
}

function runTool(argv: readonly string[], signal: AbortSignal): Promise<RunResult> {
  return run(argv, { timeoutMs: TIMEOUT_MS, signal });
}

async function runResolvectl(argv: readonly string[], signal: AbortSignal): Promise<void> {
  const result = await runTool(argv, signal);
  if (result.ok) return;
  throw new ProblemError({
    code: 'host-unsupported',
    message: 'systemd-resolved did not take the setting',
    why: `${argv.join(' ')}: ${getTail(result.stderr || result.stdout, 2) || 'no answer'}`,
    fix: 'cspace dns install --form hosts',
  });
}
