import { PROBLEMS } from '@cspace/protocol/problem';
import { type Finding, probeHost } from '../../setup/probe-host.ts';
import type { CliContext, Output } from '../context.ts';
import { green, red, yellow } from '../output/colour.ts';
import { printJson } from '../output/json.ts';
import type { DoctorOutput } from '../output/schemas.ts';
import { stripControls, wrapText } from '../output/terminal-text.ts';
import { getResolverTarget, readResolverStatus } from '../resolver-target.ts';

/** Every finding, good or bad; it needs no daemon and changes nothing. */
export async function runDoctor(context: CliContext, options: { json?: boolean }): Promise<number> {
  const probe = await probeHost({ owner: context.owner, signal: context.signal });
  const { finding, note } = await probeResolver(context);
  if (finding) probe.findings.push(finding);
  const notes = note === undefined ? [] : [note];
  if (options.json) {
    const findings = probe.findings.map(({ packages: _, ...finding }) => finding);
    printJson(context.stdout, { usable: probe.usable, findings, notes } satisfies DoctorOutput);
  } else {
    context.stdout.write(formatDoctor({ ...probe, notes }, context.stdout));
  }
  return probe.usable ? 0 : PROBLEMS['host-unsupported'].exit;
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

export function formatDoctor(
  { usable, findings, notes }: { usable: boolean; findings: readonly Finding[]; notes: readonly string[] },
  output: Pick<Output, 'colours' | 'columns'>,
): string {
  const width = Math.min(80, output.columns);
  const lines = findings.flatMap((finding) => formatFinding(finding, { usable, width, output }));
  if (notes.length > 0)
    lines.push('', ...notes.map((note) => wrapText(`Note: ${stripControls(note)}`, width)));
  lines.push('');
  lines.push(usable ? 'This machine can run sandboxes.' : 'This machine cannot run sandboxes yet.');
  return `${lines.join('\n')}\n`;
}

interface Layout {
  usable: boolean;
  width: number;
  output: Pick<Output, 'colours'>;
}

function formatFinding(finding: Finding, { usable, width, output }: Layout): string[] {
  const { ok, what, why, fix } = finding;
  // Where all that is required is there, what is missing is only good to have.
  const label = ok ? green('ok     ', output) : usable ? yellow('note   ', output) : red('missing', output);
  const lines = [`${label}  ${stripControls(what)}`];
  if (why !== undefined) lines.push(wrapText(stripControls(why), width, '         '));
  if (!ok && fix !== undefined) lines.push(`         fix: ${stripControls(fix)}`);
  return lines;
}
