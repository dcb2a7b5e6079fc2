import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeImages, createFakeSteps } from './testing.ts';

const TAG = 'localhost/cspace:one';
const signal = () => AbortSignal.timeout(5000);
let store: string;
beforeEach(() => {
  store = join(realpathSync(mkdtempSync(join(tmpdir(), 'vm-images-'))), 'vm');
});
afterEach(() => rmSync(join(store, '..'), { recursive: true }));

const list = (prefix: string) => readdirSync(store).filter((name) => name.startsWith(prefix));
const setUp = (...args: Parameters<typeof createFakeSteps>) => {
  const { steps, done } = createFakeSteps(...args);
  return { ...createFakeImages({ store, steps }), steps, done };
};

describe('ensureImage of microVMs', () => {
  test('builds the OCI image and makes all of it; find gives its files, readable by all', async () => {
    const { images, ensure, built, done } = setUp({ [TAG]: { layers: ['a'], cmd: ['run'] } });
    expect(await images.hasImage(TAG, signal())).toBe(false);
    await ensure(TAG);
    expect([built, done]).toEqual([[TAG], ['kit', 'root', 'disk']]);
    expect(await images.hasImage(TAG, signal())).toBe(true);
    const image = await images.find(TAG);
    expect(image).toMatchObject({
      ...{ tag: TAG, kernel: '6.12.1-test', entrypoint: ['/init'], cmd: ['run'], env: { TAG }, workdir: '/' },
    });
    const files = [image?.vmlinux, image?.initrd, image?.modules, image?.root, image?.emptyDisk];
    for (const file of files) expect(statSync(file ?? '').mode & 0o777).toBe(0o644);
    expect(readFileSync(image?.root ?? '', 'utf8')).toBe('root');
  });

  test('makes nothing again; images of the same layers share a root, all of the same sources a kit', async () => {
    const { ensure, done } = setUp({ two: { layers: [TAG] }, three: { layers: ['other'] } });
    for (const tag of [TAG, TAG, 'two', 'three']) await ensure(tag);
    expect(done).toEqual(['kit', 'root', 'disk', 'root']);
    expect([list('kit-').length, list('root-').length, list('image-').length]).toEqual([1, 2, 3]);
  });

  test('takes an image that the builder has as it is', async () => {
    const { ensure, built, tags } = setUp({});
    tags.add('given');
    await ensure('given');
    expect(built).toEqual([]);
  });

  test('makes the root again where the image behind the tag is another one', async () => {
    const images = { [TAG]: { id: 'old', layers: ['a'] } };
    const { ensure, done, images: vm } = setUp(images);
    await ensure(TAG);
    images[TAG] = { id: 'new', layers: ['b'] };
    await ensure(TAG);
    expect(done).toEqual(['kit', 'root', 'disk', 'root']);
    expect(list('root-')).toEqual([(await vm.find(TAG))?.root.slice(store.length + 1) ?? '']);
  });

  test('forced: builds the OCI image and the kit again, and removes the old kit', async () => {
    const { images, ensure, built, done } = setUp({});
    await ensure(TAG);
    const before = await images.find(TAG);
    await ensure(TAG, { refresh: true });
    expect([built, done]).toEqual([
      [TAG, TAG],
      ['kit', 'root', 'disk', 'kit'],
    ]);
    const after = await images.find(TAG);
    expect(after?.kitKey).not.toBe(before?.kitKey);
    expect(list('kit-')).toEqual([`kit-${after?.kitKey}`]);
  });

  test('other sources of the kit: the image is not there, until a kit is made of them', async () => {
    let sources = 'old';
    const { steps, done } = createFakeSteps({});
    const { images, ensure } = createFakeImages({ store, steps, sources: () => sources });
    await ensure(TAG);
    sources = 'new';
    expect(await images.hasImage(TAG, signal())).toBe(false);
    await ensure(TAG);
    expect(await images.hasImage(TAG, signal())).toBe(true);
    expect(done).toEqual(['kit', 'root', 'disk', 'kit']);
    expect(list('kit-')).toHaveLength(1);
  });

  test.each(['root', 'vmlinux', 'modules', 'emptyDisk'] as const)(
    'makes %s again where it is missing',
    async (name) => {
      const { images, ensure } = setUp({});
      await ensure(TAG);
      const file = (await images.find(TAG))?.[name] ?? '';
      rmSync(file);
      expect(await images.hasImage(TAG, signal())).toBe(false);
      await ensure(TAG);
      expect(existsSync(file)).toBe(true);
    },
  );

  test('makes the descriptor again where it is cut short', async () => {
    const { images, ensure } = setUp({});
    await ensure(TAG);
    truncateSync(join(store, list('image-')[0] ?? ''), 20);
    expect(await images.find(TAG)).toBeUndefined();
    await ensure(TAG);
    expect(await images.find(TAG)).toBeDefined();
  });

  test.each(['kit', 'root', 'disk'])(
    'a failure while %s is made leaves nothing of it, and the next one works',
    async (step) => {
      let fails = true;
      const { images, ensure } = setUp({}, (each) => {
        if (fails && each === step) throw new Error('no space left');
      });
      await expect(ensure(TAG)).rejects.toThrow('no space left');
      expect([...list('.partial'), ...list('image-')]).toEqual([]);
      expect(await images.find(TAG)).toBeUndefined();
      fails = false;
      await ensure(TAG);
      expect(await images.hasImage(TAG, signal())).toBe(true);
    },
  );

  test('two homes at once: the second waits, says so, and shares what the first made', async () => {
    const waited: string[] = [];
    const begun = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const { steps, done } = createFakeSteps({}, async (step) => {
      if (step !== 'root') return;
      begun.resolve();
      await goOn.promise;
    });
    const [first, second] = [createFakeImages({ store, steps }), createFakeImages({ store, steps })];
    const one = first.ensure(TAG);
    await begun.promise;
    const two = second.ensure(TAG, {
      onLine(line) {
        waited.push(line);
        goOn.resolve();
      },
    });
    await Promise.all([one, two]);
    expect(waited).toEqual(['waiting for another cspace that makes images of microVMs']);
    expect(done).toEqual(['kit', 'root', 'disk']);
  });

  test('who waits for another one can be interrupted', async () => {
    const goOn = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const { steps } = createFakeSteps({}, (step) => {
      begun.resolve();
      return step === 'kit' ? goOn.promise : undefined;
    });
    const one = createFakeImages({ store, steps }).ensure(TAG);
    await begun.promise;
    const abort = new AbortController();
    const two = createFakeImages({ store, steps }).ensure(TAG, {
      signal: abort.signal,
      onLine: () => abort.abort(),
    });
    // Not `rejects`, which would wait for a promise that never settles beyond the test's own deadline.
    expect(String(await two.catch((error) => error))).toContain('abort');
    goOn.resolve();
    await one;
  });
});

describe('prune', () => {
  test('what no image names any more goes: of images that the builder has no more, and of old ones', async () => {
    const { images, ensure, tags } = setUp({});
    for (const tag of ['web:1', 'cspace:1', 'cspace:2', 'cspace:3', 'gone:1']) await ensure(tag);
    tags.delete('gone:1');
    await ensure('cspace:4');
    const found = ['web:1', 'cspace:1', 'cspace:2', 'cspace:3', 'cspace:4', 'gone:1'];
    const left = await Promise.all(found.map(async (tag) => ((await images.find(tag)) ? tag : '')));
    expect(left.filter((tag) => tag !== '')).toEqual(['web:1', 'cspace:2', 'cspace:3', 'cspace:4']);
    expect(list('root-')).toHaveLength(4);
  });

  test('leaves alone what has another name', async () => {
    const { ensure } = setUp({});
    await ensure(TAG);
    const others = ['template-1', 'kit-notes.txt', 'root-0123456789ab.erofs.bak'];
    for (const name of others) await Bun.write(join(store, name), '');
    await ensure('cspace:2');
    for (const name of others) expect(existsSync(join(store, name))).toBe(true);
  });
});
