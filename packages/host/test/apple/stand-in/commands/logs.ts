import { existsSync, readFileSync } from 'node:fs';
import { getNumber, hasFlag } from '../cli/flags.ts';
import { findContainer, getFiles, getLivingPid } from '../containers/record.ts';
import { write } from '../output.ts';
import { getArgument, type Handler } from './context.ts';
import { getMissing } from './lifecycle.ts';

const POLL_MS = 100;

/** What the first process printed on either stream. With `--follow` it does not end when the machine does. */
export const logs: Handler = async (context) => {
  const { world, request } = context;
  const id = getArgument(context);
  if (!findContainer(world, id)) throw getMissing(context, 'get', id);
  const files = getFiles(world, id);
  const file = hasFlag(request, '--boot') ? files.boot : files.console;
  const read = () => (hasFlag(request, '--boot') ? readText(file) : getConsoleText(readText(file)));
  let shown = read();
  write(1, getTail(shown, getNumber(request, '-n')));
  while (hasFlag(request, '--follow')) {
    await Bun.sleep(POLL_MS);
    const text = read();
    write(1, text.slice(text.startsWith(shown) ? shown.length : 0));
    shown = text;
    if (getLivingPid(files.pid) === undefined && !existsSync(files.folder)) return 0;
  }
  return 0;
};

const readText = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

/** Of podman's log: `<time> stdout|stderr F|P <text>`, where P is a line that goes on. Pure. */
export function getConsoleText(log: string): string {
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, end = 'F', text = ''] = /^\S+ (?:stdout|stderr) ([FP]) (.*)$/s.exec(line) ?? [];
      return end === 'F' ? `${text}\n` : text;
    })
    .join('');
}

/** The last lines of it; all where nobody says how many. Pure. */
export function getTail(text: string, count: number | undefined): string {
  if (count === undefined) return text;
  if (count === 0) return '';
  const lines = text.split('\n');
  const open = text.endsWith('\n') ? 1 : 0;
  return lines.slice(Math.max(0, lines.length - count - open)).join('\n');
}
