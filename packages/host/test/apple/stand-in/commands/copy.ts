import { existsSync } from 'node:fs';
import { getFlag } from '../cli/flags.ts';
import { findContainer, getEngineName } from '../containers/record.ts';
import { podman } from '../engine/engine.ts';
import { Failure } from '../failure.ts';
import { type Context, getArgument, type Handler } from './context.ts';
import { getRunning } from './exec.ts';
import { getMissing } from './lifecycle.ts';

/** `HOST CTR:/path` or the other way round, with a machine that runs. */
export const copy: Handler = async (context) => {
  const { world } = context;
  const ends = [getArgument(context, 0), getArgument(context, 1)].map(parseEnd);
  const [source, target] = ends;
  const inside = ends.filter(({ id }) => id !== undefined);
  if (inside.length !== 1)
    throw new Failure('invalidArgument', 'exactly one of source and destination must be a container path');
  if (source?.id === undefined && !existsSync(source?.path ?? ''))
    throw new Failure('notFound', `source path does not exist: '${source?.path}'`);
  for (const { id } of inside) getRunning(context, id);
  const [from = '', to = ''] = [source, target].map((end) =>
    end?.id === undefined ? (end?.path ?? '') : `${getEngineName(world, end.id)}:${end.path}`,
  );
  const result = await podman(world, ['cp', from, to]);
  if (!result.ok)
    throw new Failure('internalError', 'failed to copy', new Failure('unknown', result.stderr.trim()));
  return 0;
};

/** A path of the host has a slash before any colon. Pure. */
export function parseEnd(text: string): { id: string | undefined; path: string } {
  const found = /^([^/:]+):(.*)$/s.exec(text);
  return found ? { id: found[1], path: found[2] ?? '' } : { id: undefined, path: text };
}

/** Of a machine's own disk; of a running one since 1.2.1 only. */
export const exportDisk: Handler = async (context: Context) => {
  const { world, version, request } = context;
  const id = getArgument(context);
  const found = findContainer(world, id);
  if (!found) throw getMissing(context, 'get', id);
  if (found.state !== 'stopped' && version !== '1.2.2' && version !== '1.2.1')
    throw new Failure('invalidState', `container ${id} is not stopped`);
  const output = getFlag(request, '--output');
  if (output === undefined) throw new Failure('invalidArgument', 'no output');
  const result = await podman(world, ['export', '--output', output, getEngineName(world, id)]);
  if (!result.ok) throw new Failure('internalError', result.stderr.trim());
  return 0;
};
