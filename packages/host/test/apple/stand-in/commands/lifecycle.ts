import { getFlag, getNumber, hasFlag } from '../cli/flags.ts';
import { findContainer, listContainers } from '../containers/record.ts';
import { removeContainer } from '../containers/remove.ts';
import { startAttached, startContainer } from '../containers/start.ts';
import { sendSignal, stopContainer } from '../containers/stop.ts';
import { Failure } from '../failure.ts';
import { print } from '../output.ts';
import { type Context, forEach, getArgument, type Handler } from './context.ts';

const DEFAULT_GRACE_S = 5;

export const start: Handler = async (context) => {
  const { world, knobs, request } = context;
  const id = getArgument(context);
  const found = findContainer(world, id);
  if (!found) throw getMissing(context, 'get', id);
  if (hasFlag(request, '--attach')) {
    if (found.state !== 'stopped')
      throw new Failure('invalidArgument', 'attach is currently unsupported on already running containers');
    await startAttached({ world, knobs, id }, hasFlag(request, '--interactive'));
  }
  await startContainer({ world, knobs, id });
  print(id);
  return 0;
};

export const stop: Handler = async (context) => {
  const { world, request } = context;
  const graceMs = (getNumber(request, '--time') ?? DEFAULT_GRACE_S) * 1000;
  await forEach(getIds(context), async (id) => {
    const container = findContainer(world, id);
    if (!container)
      throw new Failure('internalError', 'failed to stop container', getMissing(context, 'get', id));
    await stopContainer({ world, container, graceMs, signal: getFlag(request, '--signal') });
    print(id);
  });
  return 0;
};

export const kill: Handler = async (context) => {
  const { world, request } = context;
  await forEach(getIds(context), async (id) => {
    const container = findContainer(world, id);
    if (!container)
      throw new Failure('internalError', 'failed to kill container', getMissing(context, 'get', id));
    if (container.pid === undefined) throw new Failure('invalidState', `container ${id} is not running`);
    sendSignal(container, getFlag(request, '--signal') ?? 'KILL');
    print(id);
  });
  return 0;
};

export const remove: Handler = async (context) => {
  const { world, request, knobs } = context;
  await forEach(getIds(context), async (id) => {
    await removeContainer(world, id, hasFlag(request, '--force')).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      const nested =
        error.code === 'notFound' && knobs.oddText ? new Failure('unknown', `no such thing: ${id}`) : error;
      throw new Failure('internalError', 'failed to delete container', nested);
    });
    print(id);
  });
  return 0;
};

export const prune: Handler = async ({ world }) => {
  for (const { record, state } of listContainers(world)) {
    if (state !== 'stopped') continue;
    await removeContainer(world, record.id, false);
    print(record.id);
  }
  return 0;
};

/** Those that are named, or with `--all` all. */
function getIds({ request, world }: Context): string[] {
  const all = hasFlag(request, '--all');
  if (request.arguments.length > 0 && all)
    throw new Failure('invalidArgument', 'explicitly supplied container ID(s) conflict with the --all flag');
  if (request.arguments.length === 0 && !all)
    throw new Failure('invalidArgument', 'no containers specified and --all not supplied');
  const alive =
    request.name === 'delete'
      ? listContainers(world)
      : listContainers(world).filter(({ pid }) => pid !== undefined);
  return all ? alive.map(({ record }) => record.id) : [...new Set(request.arguments)];
}

export function getMissing({ knobs }: Context, action: string, id: string): Failure {
  return knobs.oddText
    ? new Failure('unknown', `${action} failed: no such thing: ${id}`)
    : new Failure('notFound', `${action} failed: container ${id} not found`);
}
