import { existsSync, readFileSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { getFlag, getFlags, getNumber, hasFlag } from '../cli/flags.ts';
import { parseEnvFile } from '../containers/environment.ts';
import { getUser } from '../containers/make-record.ts';
import {
  type Container,
  findContainer,
  getEngineName,
  getFiles,
  getLivingPid,
} from '../containers/record.ts';
import { becomePodman, podman } from '../engine/engine.ts';
import { Failure } from '../failure.ts';
import { print } from '../output.ts';
import { type Context, getArgument, type Handler } from './context.ts';
import { getMissing } from './lifecycle.ts';

export const exec: Handler = async (context) => {
  const { world, request } = context;
  const { record } = getRunning(context);
  const interactive = hasFlag(request, '--interactive');
  const tty = hasFlag(request, '--tty');
  if (tty && interactive && !isatty(0)) throw new Failure('invalidState', 'stdin is not a terminal');
  const user = getUser(request);
  const workdir = getFlag(request, '--workdir');
  const entries = [
    ...getFlags(request, '--env-file').flatMap((file) => parseEnvFile(readFileSync(file, 'utf8'))),
    ...getFlags(request, '--env'),
  ];
  const flags = [
    ...(interactive ? ['--interactive'] : []),
    ...(tty ? ['--tty'] : []),
    ...(user === undefined ? [] : ['--user', user]),
    ...(workdir === undefined ? [] : ['--workdir', workdir]),
    ...entries.flatMap((entry) => ['--env', entry]),
  ];
  const command = [getEngineName(world, record.id), ...request.rest];
  if (hasFlag(request, '--detach')) {
    const result = await podman(world, ['exec', '--detach', ...flags, ...command]);
    if (!result.ok) throw new Failure('internalError', result.stderr.trim());
    print(record.id);
    return 0;
  }
  return becomePodman(world, ['exec', '--detach-keys', '', ...flags, ...command]);
};

/** `copy` wants one as well. */
export function getRunning(context: Context, id = getArgument(context)): Container {
  const { world, knobs } = context;
  const found = findContainer(world, id);
  if (!found) throw getMissing(context, 'get', id);
  if (found.pid !== undefined) return found;
  throw knobs.oddText
    ? new Failure('unknown', `cannot do that to ${id} now`)
    : new Failure('invalidState', `container ${id} is not running`);
}

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
  writeAll(getTail(shown, getNumber(request, '-n')));
  while (hasFlag(request, '--follow')) {
    await Bun.sleep(POLL_MS);
    const text = read();
    writeAll(text.slice(text.startsWith(shown) ? shown.length : 0));
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

function writeAll(text: string): void {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) bytes = bytes.subarray(writeSync(1, bytes));
}
