import { getFlag, getFlags, hasFlag } from '../cli/flags.ts';
import { getEnvironment } from '../containers/environment.ts';
import { getUser } from '../containers/make-record.ts';
import { type Container, findContainer, getEngineName } from '../containers/record.ts';
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
  if (tty && interactive && !(await isTerminal()))
    throw new Failure('invalidState', 'stdin is not a terminal');
  const user = getUser(request);
  const workdir = getFlag(request, '--workdir');
  const entries = getEnvironment({
    image: [],
    files: getFlags(request, '--env-file'),
    entries: getFlags(request, '--env'),
  });
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

/** Asked for seldom, and as slow to load as a command takes. */
async function isTerminal(): Promise<boolean> {
  const { isatty } = await import('node:tty');
  return isatty(0);
}

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
