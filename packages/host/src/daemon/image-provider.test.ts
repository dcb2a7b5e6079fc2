import { expect, mock, test } from 'bun:test';
import { createImageProvider } from './image-provider.ts';

type Build = Parameters<typeof createImageProvider>[0]['build'];
type BuildOptions = Parameters<Build>[0];

function setUp() {
  const builds: { options: BuildOptions; finish: () => void }[] = [];
  const build = mock<Build>(
    (options) =>
      new Promise((resolve, reject) => {
        builds.push({ options, finish: () => resolve({ tag: 'image', built: true }) });
        options.signal.addEventListener('abort', () => setTimeout(() => reject(new Error('aborted')), 5));
      }),
  );
  return { builds, provider: createImageProvider({ build }) };
}

const ask = (signal: AbortSignal, onProgress: (message: string) => void = () => {}) => ({
  substrate: 'podman' as const,
  force: false,
  signal,
  onProgress,
});

test('two at once share one build and both hear of its progress', async () => {
  const { builds, provider } = setUp();
  const heard: string[] = [];
  const { signal } = new AbortController();
  const both = [1, 2].map((n) => provider.ensure(ask(signal, (message) => heard.push(`${n} ${message}`))));
  builds[0]?.options.onProgress('step');
  builds[0]?.finish();
  expect(await Promise.all(both)).toEqual(Array(2).fill({ tag: 'image', built: true }));
  expect(builds).toHaveLength(1);
  expect(heard).toEqual(['1 step', '2 step']);
});

test('another substrate has a build of its own', async () => {
  const { builds, provider } = setUp();
  const { signal } = new AbortController();
  const both = (['podman', 'qemu'] as const).map((substrate) =>
    provider.ensure({ ...ask(signal), substrate }),
  );
  for (const { finish } of builds) finish();
  await Promise.all(both);
  expect(builds.map(({ options }) => options.substrate)).toEqual(['podman', 'qemu']);
});

test('one that leaves does not take the build from the other', async () => {
  const { builds, provider } = setUp();
  const leaver = new AbortController();
  const left = provider.ensure(ask(leaver.signal));
  const stays = provider.ensure(ask(new AbortController().signal));
  leaver.abort(new Error('gone'));
  expect(left).rejects.toThrow('gone');
  builds[0]?.finish();
  expect(await stays).toEqual({ tag: 'image', built: true });
});

test('who comes after the last one left gets a build of its own', async () => {
  const { builds, provider } = setUp();
  const leaver = new AbortController();
  const left = provider.ensure(ask(leaver.signal));
  leaver.abort(new Error('gone'));
  const next = provider.ensure(ask(new AbortController().signal));
  expect(left).rejects.toThrow('gone');
  while (builds.length < 2) await Bun.sleep(1);
  builds[1]?.finish();
  expect(await next).toEqual({ tag: 'image', built: true });
});
