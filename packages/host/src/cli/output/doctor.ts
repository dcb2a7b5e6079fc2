import type { Finding, HostProbe } from '../../setup/probe-host.ts';
import type { Output } from '../context.ts';
import { green, red, yellow } from './colour.ts';
import { stripControls, wrapText } from './terminal-text.ts';

/** What `doctor` prints: first what counts, then what the other substrates have and lack besides. Pure. */
export function formatDoctor(
  probe: HostProbe & { notes: readonly string[] },
  output: Pick<Output, 'colours' | 'columns'>,
): string {
  const { usable, substrate, findings, substrates, notes } = probe;
  const width = Math.min(80, output.columns);
  const lines = findings.flatMap((finding) => formatFinding(finding, { usable, width, output }));
  const said = new Set(findings.map(({ what }) => what));
  for (const other of substrates.filter(({ kind }) => kind !== substrate)) {
    const more = other.findings.filter(({ what }) => !said.has(what));
    lines.push('', `Besides, for up --substrate ${other.kind}:`);
    lines.push(...more.flatMap((finding) => formatFinding(finding, { usable: true, width, output })));
    if (more.length === 0) lines.push('         nothing');
  }
  if (notes.length > 0)
    lines.push('', ...notes.map((note) => wrapText(`Note: ${stripControls(note)}`, width)));
  const can = usable ? 'can run sandboxes' : 'cannot run sandboxes yet';
  lines.push('', `This machine ${can}, with ${substrate}.`);
  return `${lines.join('\n')}\n`;
}

interface Layout {
  usable: boolean;
  width: number;
  output: Pick<Output, 'colours'>;
}

function formatFinding(finding: Finding, { usable, width, output }: Layout): string[] {
  const { ok, what, why, fix, optional = false } = finding;
  // Where all that is required is there, what is missing is only good to have.
  const isNote = usable || optional;
  const label = ok ? green('ok     ', output) : isNote ? yellow('note   ', output) : red('missing', output);
  const lines = [`${label}  ${stripControls(what)}`];
  if (why !== undefined) lines.push(wrapText(stripControls(why), width, '         '));
  if (!ok && fix !== undefined) lines.push(`         fix: ${stripControls(fix)}`);
  return lines;
}
