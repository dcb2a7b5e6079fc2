import { getFlag, hasFlag } from '../cli/flags.ts';
import { type Container, findContainer, listContainers } from '../containers/record.ts';
import { Failure } from '../failure.ts';
import { getStrangers } from '../foreign.ts';
import { print } from '../output.ts';
import { getContainerJson } from '../render/container.ts';
import { formatJson } from '../render/json.ts';
import { printList } from '../render/list.ts';
import { isSince } from '../versions.ts';
import type { Context, Handler } from './context.ts';

export const inspect: Handler = async (context) => {
  const { world, version, request, knobs } = context;
  const isNew = isSince(version, '1.0.0');
  const strangers = getStrangers(world, knobs);
  const found = request.arguments.flatMap((id) => {
    const container = findContainer(world, id) ?? strangers.find(({ record }) => record.id === id);
    if (!container && isNew)
      throw knobs.oddText
        ? new Failure('unknown', `no such thing: ${id}`)
        : new Failure('notFound', `container not found: ${id}`);
    return container ? forget(container, knobs) : [];
  });
  print(
    formatJson(
      found.map((container) => getContainerJson(container, version)),
      { pretty: isNew },
    ),
  );
  return 0;
};

export const list: Handler = async (context) => {
  const { request, version } = context;
  const all = getAll(context).filter(({ state }) => hasFlag(request, '--all') || state !== 'stopped');
  printList({
    ids: all.map(({ record }) => record.id),
    objects: all.map((container) => getContainerJson(container, version)),
    quiet: hasFlag(request, '--quiet'),
    format: getFlag(request, '--format') ?? 'table',
    table: [
      ['ID', 'IMAGE', 'OS', 'ARCH', 'STATE', 'ADDR'],
      ...all.map(({ record, state, networks }) => [
        ...[record.id, record.image.reference, 'linux', 'arm64', state],
        networks.map(({ address }) => address).join(','),
      ]),
    ],
  });
  return 0;
};

function getAll({ world, knobs }: Context): Container[] {
  const own = listContainers(world).map((container) => forget(container, knobs));
  return [...getStrangers(world, knobs), ...own];
}

const forget = (container: Container, { forgetStart }: Context['knobs']): Container =>
  forgetStart && container.state === 'stopped' ? { ...container, startedDate: undefined } : container;
