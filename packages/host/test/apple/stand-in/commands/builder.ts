import { rmSync } from 'node:fs';
import { getFlag, hasFlag } from '../cli/flags.ts';
import { Failure } from '../failure.ts';
import { getBuilders } from '../foreign.ts';
import { print } from '../output.ts';
import { getContainerJson } from '../render/container.ts';
import { printList } from '../render/list.ts';
import { getPaths, writeJson } from '../state.ts';
import type { Handler } from './context.ts';

export const start: Handler = async ({ world }) => {
  writeJson(getPaths(world).builder, { running: true });
  return 0;
};

export const stop: Handler = async ({ world }) => {
  if (getBuilders(world).length > 0) writeJson(getPaths(world).builder, { running: false });
  return 0;
};

export const remove: Handler = async ({ world, request }) => {
  const running = getBuilders(world).some(({ state }) => state === 'running');
  if (running && !hasFlag(request, '--force'))
    throw new Failure('invalidState', 'BuildKit container is not stopped, use --force to override');
  rmSync(getPaths(world).builder, { force: true });
  return 0;
};

export const status: Handler = async ({ world, version, request }) => {
  const builders = getBuilders(world);
  if (builders.length === 0) {
    print('builder is not running');
    return 0;
  }
  printList({
    ids: builders.map(({ record }) => record.id),
    objects: builders.map((builder) => getContainerJson(builder, version)),
    quiet: hasFlag(request, '--quiet'),
    format: getFlag(request, '--format') ?? 'table',
    table: [['ID', 'STATE'], ...builders.map(({ record, state }) => [record.id, state])],
  });
  return 0;
};
