import type { Output } from '../context.ts';
import { green, red, yellow } from './colour.ts';
import type { DnsStatusOutput } from './schemas.ts';
import { stripControls, wrapText } from './terminal-text.ts';

const MAX_WIDTH = 80;

const TITLES = {
  resolved: 'routing domains of systemd-resolved',
  dnsmasq: "a file for this host's dnsmasq",
  hosts: 'a block in /etc/hosts',
  macos: 'files in /etc/resolver',
} as const;

/** What is installed, whether it works, and what mends it. */
export function formatResolverStatus(
  status: DnsStatusOutput,
  output: Pick<Output, 'colours' | 'columns'>,
): string {
  const width = Math.min(MAX_WIDTH, output.columns);
  const wrap = (text: string, indent: string) => wrapText(stripControls(text), width, indent);
  const { form, home, ours, detected, trouble } = status;
  const found = `${TITLES[detected.form]} (${detected.why})`;
  if (form === null) {
    return `${[
      `${yellow('not installed', output)}: this host's own programs do not resolve the names of sandboxes`,
      wrap(`it would be by ${found}`, '  '),
      '  to install it: cspace dns install',
    ].join('\n')}\n`;
  }
  const lines = [
    `${green('installed', output)}: by ${TITLES[form]}${status.wildcards ? '' : ', which knows no wildcards'}`,
  ];
  lines.push(wrap(`for ${home}${ours ? '' : ', another home of cspace'}`, '  '));
  lines.push(wrap(`chosen now: ${found}`, '  '));
  for (const { name, address, expected } of status.tried) {
    const mark = address === expected ? green('ok', output) : red('no', output);
    lines.push(`  ${mark}  ${name} → ${stripControls(address ?? 'not found')}`);
  }
  if (ours && status.works === null) {
    lines.push(wrap('not tried: no sandbox of this home runs, or its daemon does not', '  '));
  }
  if (trouble) {
    lines.push(wrap(`${trouble.why}`, '  '), `  fix: ${stripControls(trouble.fix)}`);
  }
  return `${lines.join('\n')}\n`;
}
