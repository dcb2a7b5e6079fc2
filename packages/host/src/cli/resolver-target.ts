import { findDaemon } from '../client/connect.ts';
import { locateHome } from '../client/locate-home.ts';
import { loadConfig } from '../config/load.ts';
import type { Target } from '../resolver/form.ts';
import { throwUnlessKnown } from '../resolver/install.ts';
import type { NamedSandbox } from '../resolver/names.ts';
import { getResolverStatus, type ResolverStatus } from '../resolver/status.ts';
import { getHomeLabel } from '../substrate/labels.ts';
import { getRealPathIfThere } from '../system/real-path.ts';
import type { CliContext } from './context.ts';

/** What a home's names need of the host's resolver. Throws `config-invalid`. */
export async function getResolverTarget(
  context: CliContext,
  given: string | undefined,
): Promise<Omit<Target, 'dropIn'>> {
  const home = given ?? (await locateHome(context));
  // One that was deleted may still hold the host's names.
  const real = getRealPathIfThere(home) ?? home;
  const { config } = await loadConfig({ home: real });
  return {
    home: real,
    homeLabel: getHomeLabel(real),
    uid: context.owner.uid,
    port: config.ports.dns,
    bridge: config.bridge,
    subnet: config.subnet,
  };
}

/** The status of this home's names, tried with its sandboxes where its daemon runs. Throws `host-unsupported`. */
export async function readResolverStatus(
  context: CliContext,
  target: Omit<Target, 'dropIn'>,
): Promise<ResolverStatus> {
  throwUnlessKnown();
  const sandboxes = await listNamed(context);
  return getResolverStatus({ target, sandboxes, signal: context.signal });
}

/** The sandboxes by the daemon; undefined where none runs. */
export async function listNamed(context: CliContext): Promise<NamedSandbox[] | undefined> {
  const found = await findDaemon(context);
  if (!found) return undefined;
  const { sandboxes } = await found.client.list();
  return sandboxes.map(({ project, sandbox, state, address }) => ({
    project,
    sandbox,
    address: state === 'running' ? (address ?? undefined) : undefined,
  }));
}
