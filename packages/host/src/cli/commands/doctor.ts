import { PROBLEMS } from '@cspace/protocol/problem';
import type { SubstrateKind } from '@cspace/protocol/sandbox';
import { type Finding, probeHost } from '../../setup/probe-host.ts';
import { probeReach } from '../../setup/reach.ts';
import type { CliContext } from '../context.ts';
import { formatDoctor } from '../output/doctor.ts';
import { printJson } from '../output/json.ts';
import type { DoctorOutput } from '../output/schemas.ts';
import { getResolverTarget, listNamed, readResolverStatus } from '../resolver-target.ts';

export interface DoctorOptions {
  json?: boolean;
  substrate?: SubstrateKind;
}

/** Every finding, good or bad; it needs no daemon. */
export async function runDoctor(context: CliContext, options: DoctorOptions): Promise<number> {
  const probe = await probeHost({
    owner: context.owner,
    substrate: options.substrate,
    vmStore: context.env.CSPACE_TEST_VM_STORE,
    signal: context.signal,
  });
  const { finding, note } = await probeResolver(context);
  const reach = await probeRunning(context);
  probe.findings.push(...[finding, reach].filter((found) => found !== undefined));
  const notes = note === undefined ? [] : [note];
  if (options.json) {
    const output: DoctorOutput = {
      usable: probe.usable,
      substrate: probe.substrate,
      findings: probe.findings.map(withoutPackages),
      substrates: probe.substrates.map((one) => ({ ...one, findings: one.findings.map(withoutPackages) })),
      notes,
    };
    printJson(context.stdout, output);
  } else {
    context.stdout.write(formatDoctor({ ...probe, notes }, context.stdout));
  }
  return probe.usable ? 0 : PROBLEMS['host-unsupported'].exit;
}

const withoutPackages = ({ packages: _, ...finding }: Finding) => finding;

/** Whether a sandbox that runs can be reached; undefined where none does, or nobody knows. */
async function probeRunning(context: CliContext): Promise<Finding | undefined> {
  const sandboxes = await listNamed(context).catch(() => undefined);
  const address = sandboxes?.find((sandbox) => sandbox.address !== undefined)?.address;
  return address === undefined ? undefined : probeReach({ address, signal: context.signal });
}

/** Whether the host's own programs resolve names of sandboxes; a note where it is not wanted: nothing else needs it. */
async function probeResolver(context: CliContext): Promise<{ finding?: Finding; note?: string }> {
  const what = "names of sandboxes do not resolve in this host's own programs";
  try {
    const status = await readResolverStatus(context, await getResolverTarget(context, undefined));
    const { installed, ours, home, works, trouble } = status;
    if (!installed) return { note: `${what}: cspace dns install` };
    if (!ours) return { note: `${what}; those of ${home} do` };
    if (trouble || works === false) return { finding: { ok: false, what, ...trouble } };
    return { finding: { ok: true, what: "names of sandboxes resolve in this host's own programs" } };
  } catch (error) {
    return { note: `${what}: ${error instanceof Error ? error.message : String(error)}` };
  }
}
