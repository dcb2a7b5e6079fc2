import { SUPERVISOR_PORT } from '@cspace/protocol/supervisor-api';
import type { ProbeFinding } from '../substrate/substrate.ts';
import { BASE_ENV, run } from '../system/exec.ts';
import { explainNoRoute, isNoRoute, parseRoute } from '../system/mac-route.ts';

export interface ReachOptions {
  /** Of a machine that runs. */
  address: string;
  path?: string;
  platform?: NodeJS.Platform;
  signal: AbortSignal;
}

const REACH_TIMEOUT_MS = 3000;
const ROUTE_TIMEOUT_MS = 5000;

/**
 * Whether a Mac lets us reach a machine that runs; undefined on other hosts, where nobody keeps programs from it. Whatever
 * answers there will do. Never throws.
 */
export async function probeReach(options: ReachOptions): Promise<ProbeFinding | undefined> {
  const { address, path = BASE_ENV.PATH, platform = process.platform, signal } = options;
  if (platform !== 'darwin') return undefined;
  const error = await connect(address, signal);
  if (error === undefined) return { ok: true, what: `the network of sandboxes (${address})` };
  const argv = ['route', '-n', 'get', address];
  const route = await run(argv, { timeoutMs: ROUTE_TIMEOUT_MS, signal, env: { PATH: path } });
  return { ok: false, ...explainNoRoute(address, parseRoute(route.stdout)) };
}

/** What keeps packets away from it; undefined where they arrive, and be it that nobody listens there. */
async function connect(address: string, signal: AbortSignal): Promise<string | undefined> {
  const deadline = AbortSignal.timeout(REACH_TIMEOUT_MS);
  try {
    // By fetch: the error of Bun's net says "refused" whatever it was (1.4.5).
    await fetch(`http://${address}:${SUPERVISOR_PORT}/health`, {
      signal: AbortSignal.any([signal, deadline]),
      ...({ proxy: false } as object),
    });
    return undefined;
  } catch (error) {
    const text = String(error);
    return deadline.aborted || isNoRoute(text) ? text : undefined;
  }
}
