import { getFlag, hasFlag } from '../cli/flags.ts';
import { podman } from '../engine/engine.ts';
import { Failure } from '../failure.ts';
import { type EngineImage, fetchImage, findImage, getFullReference } from '../images/find.ts';
import { print } from '../output.ts';
import { getImageJson } from '../render/image.ts';
import { formatJson } from '../render/json.ts';
import { printList } from '../render/list.ts';
import type { World } from '../state.ts';
import { isSince } from '../versions.ts';
import { type Context, forEach, getArgument, type Handler } from './context.ts';

const getMissing = ({ knobs }: Context, name: string): Failure =>
  knobs.oddText
    ? new Failure('unknown', `no such thing: ${name}`)
    : new Failure('notFound', `image not found: ${getFullReference(name)}`);

export const inspect: Handler = async (context) => {
  const { world, version, request } = context;
  const found: object[] = [];
  for (const name of request.arguments) {
    const image = await findImage(world, name);
    if (!image) throw getMissing(context, name);
    found.push(getImageJson(name, image, version));
  }
  print(formatJson(found, { pretty: isSince(version, '1.0.0') }));
  return 0;
};

export const list: Handler = async ({ world, version, request }) => {
  const all = await listImages(world);
  printList({
    ids: all.map(({ name }) => name),
    objects: all.map(({ name, image }) =>
      isSince(version, '1.0.0')
        ? getImageJson(name, image, version)
        : {
            reference: getFullReference(name),
            fullSize: `${image.Size} bytes`,
            descriptor: { digest: image.Digest, size: image.Size },
          },
    ),
    quiet: hasFlag(request, '--quiet'),
    format: getFlag(request, '--format') ?? 'table',
    table: [
      ['NAME', 'TAG', 'DIGEST'],
      ...all.map(({ name, image }) => [...name.split(/:(?=[^:]*$)/), image.Digest.slice(7, 31)]),
    ],
  });
  return 0;
};

/** Podman's, by each of their names. */
async function listImages(world: World): Promise<{ name: string; image: EngineImage }[]> {
  const { stdout } = await podman(world, ['image', 'ls', '--quiet', '--no-trunc']);
  const ids = [...new Set(stdout.split('\n').filter(Boolean))];
  if (ids.length === 0) return [];
  const text = await podman(world, ['image', 'inspect', ...ids]);
  const images = JSON.parse(text.stdout) as EngineImage[];
  return images.flatMap((image) => image.RepoTags.map((name) => ({ name, image })));
}

export const remove: Handler = async (context) => {
  const { world, request } = context;
  // Never all: podman's store is not ours alone.
  if (hasFlag(request, '--all')) throw new Failure('unsupported', 'the stand-in does not delete all images');
  await forEach(request.arguments, async (name) => {
    if (!(await findImage(world, name))) throw getMissing(context, name);
    const result = await podman(world, ['image', 'untag', name]);
    if (!result.ok) throw new Failure('internalError', result.stderr.trim());
    print(getFullReference(name));
  });
  return 0;
};

export const tag: Handler = async (context) => {
  const [source, target] = [getArgument(context, 0), getArgument(context, 1)];
  if (!(await findImage(context.world, source))) throw getMissing(context, source);
  const result = await podman(context.world, ['image', 'tag', source, target]);
  if (!result.ok) throw new Failure('internalError', result.stderr.trim());
  print(getFullReference(target));
  return 0;
};

export const pull: Handler = async (context) => {
  await fetchImage(context.world, getArgument(context));
  return 0;
};

export const prune: Handler = async () => {
  throw new Failure('unsupported', 'the stand-in does not delete all images');
};
