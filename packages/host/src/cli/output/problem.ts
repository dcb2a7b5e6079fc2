import type { Problem } from '@cspace/protocol/problem';
import type { Output } from '../context.ts';
import { bold, red } from './colour.ts';
import { stripControls, wrapText } from './terminal-text.ts';

const MAX_WIDTH = 80;
/** As wide as `error: ` and `  fix: `. */
const INDENT = ' '.repeat(7);

/**
 * `error: ` what, then why, then `fix: ` how, at most 80 columns wide. Parts may quote a guest or a foreign program, so they
 * are made safe. The fix is not wrapped where it is a command: what is copied has to stay one line.
 */
export function formatProblem(problem: Problem, output: Pick<Output, 'colours' | 'columns'>): string {
  const width = Math.min(MAX_WIDTH, output.columns);
  const lines = [`${red('error:', output)} ${wrapBehindLabel(problem.message, width)}`];
  if (problem.why !== undefined) lines.push(wrapText(stripControls(problem.why), width, '  '));
  if (problem.fix !== undefined) lines.push(formatFix(stripControls(problem.fix), width, output));
  return `${lines.join('\n')}\n`;
}

function formatFix(fix: string, width: number, output: Pick<Output, 'colours'>): string {
  const label = bold('fix:', output);
  const text = isCommand(fix) ? fix : wrapBehindLabel(fix, width);
  return `  ${label} ${text}`;
}

function wrapBehindLabel(text: string, width: number): string {
  return wrapText(stripControls(text), width - INDENT.length).replaceAll('\n', `\n${INDENT}`);
}

/** Starts with a program that our fixes name, and is no sentence that goes on after it. */
function isCommand(fix: string): boolean {
  const startsSo = /^(sudo|cspace|git|cd|chmod|chown|tail|rm|npm|apt-get|\.\/cspace|[A-Z_]+=)( |\S*$)/.test(
    fix,
  );
  return startsSo && !/\n|, | or /.test(fix);
}
