import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import type { BuildContext, ImageBuilder, Substrate } from '../substrate/substrate.ts';
import { getOwner } from '../system/owner.ts';
import { getPaths } from '../system/paths.ts';
import { type EnsureImageOptions, ensureImage } from './build.ts';
import { LATEST_TAG } from './content.ts';

const BASE = 'localhost/debian:trixie-slim';
const bytes = (text: string) => new TextEncoder().encode(text);
let home: string;
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'image-build-')));
});
afterEach(() => rmSync(home, { recursive: true }));

/** An engine that keeps tags only; `see` is called with each context while it is there. */
function createStore(see: (context: BuildContext) => void = () => {}) {
  const tags = new Set([BASE]);
  const contexts: BuildContext[] = [];
  const builder: ImageBuilder = {
    hasImage: async (tag: string) => tags.has(tag),
    async ensureImage(context: BuildContext) {
      contexts.push(context);
      see(context);
      for (const tag of [context.tag, context.alias]) if (tag !== undefined) tags.add(tag);
    },
  };
  const substrate = { builder, ...builder } as unknown as Substrate;
  return { substrate, tags, contexts };
}

function getOptions(substrate: Substrate, dockerfile = 'FROM x\n'): EnsureImageOptions {
  const files = new Map([
    ['Dockerfile', bytes(dockerfile)],
    ['versions.json', bytes('{"debian":"trixie","base":"docker.io/library/debian:trixie-slim"}')],
    ['rootfs/usr/local/bin/tool', bytes('#!/bin/sh\n')],
  ]);
  return {
    substrate,
    paths: getPaths(home),
    owner: getOwner({}),
    signal: AbortSignal.timeout(10_000),
    source: { files: async () => files },
  };
}

describe('ensureImage', () => {
  test('builds once; the second call asks the engine and nothing more', async () => {
    const store = createStore();
    const first = await ensureImage(getOptions(store.substrate));
    const second = await ensureImage(getOptions(store.substrate));
    expect(first.built).toBe(true);
    expect(second).toEqual({ tag: first.tag, built: false });
    expect(store.contexts.map(({ tag, alias }) => [tag, alias])).toEqual([[first.tag, LATEST_TAG]]);
  });

  test('builds again when forced, and with other arguments', async () => {
    const store = createStore();
    await ensureImage(getOptions(store.substrate));
    expect((await ensureImage({ ...getOptions(store.substrate), force: true })).built).toBe(true);
    const refreshed = store.contexts.map(({ buildArgs }) => 'CSPACE_REFRESHED' in buildArgs);
    expect(refreshed).toEqual([false, true]);
  });

  test('forced, it is made anew for another substrate that has it, and for no other', async () => {
    const [store, other, without, asItIs] = [createStore(), createStore(), createStore(), createStore()];
    const makers = [other, without].map(({ substrate }) => ({
      ...substrate,
      ensureImage: (context: BuildContext) => substrate.ensureImage(context),
    }));
    const options = { ...getOptions(store.substrate), others: [...makers, asItIs.substrate] };
    const { tag } = await ensureImage(options);
    for (const { tags } of [other, asItIs]) tags.add(tag);
    expect(other.contexts).toEqual([]);
    await ensureImage({ ...options, force: true });
    expect(other.contexts.map(({ tag, refresh = false }) => [tag, refresh])).toEqual([[tag, false]]);
    expect([...without.contexts, ...asItIs.contexts]).toEqual([]);
  });

  test('gives the engine a folder with every file, its mode, and no link in its path', async () => {
    const store = createStore(({ folder, buildArgs }) => {
      expect(realpathSync(folder)).toBe(folder);
      expect(readFileSync(join(folder, 'Dockerfile'), 'utf8')).toBe('FROM x\n');
      expect(lstatSync(join(folder, 'rootfs/usr/local/bin/tool')).mode & 0o777).toBe(0o755);
      expect(lstatSync(join(folder, 'rootfs/usr')).mode & 0o777).toBe(0o755);
      expect(existsSync(join(folder, 'ca/.gitkeep'))).toBe(true);
      expect(buildArgs.BASE).toBe(BASE);
    });
    await ensureImage(getOptions(store.substrate));
    expect(store.contexts).toHaveLength(1);
    expect(readdirSync(getPaths(home).cache)).toEqual(['image']);
    expect(readdirSync(join(getPaths(home).cache, 'image'))).toEqual([]);
  });

  test('a failed build is image-build-failed with the end of the output, and nothing is tagged', async () => {
    const store = createStore(({ onLine }) => {
      for (let i = 1; i <= 20; i++) onLine(`line ${i}`);
      throw new ProblemError({ code: 'machine-failed', message: 'podman could not build the image' });
    });
    const error = await ensureImage(getOptions(store.substrate)).catch((each) => each);
    expect(error.problem).toMatchObject({
      code: 'image-build-failed',
      message: 'the image could not be built',
    });
    expect(error.problem.why.split('\n').at(-1)).toBe('line 20');
    expect(store.tags).toEqual(new Set([BASE]));
    expect(readdirSync(join(getPaths(home).cache, 'image'))).toEqual([]);
  });

  test('an interrupted build is interrupted, not failed', async () => {
    const abort = new AbortController();
    const store = createStore(() => {
      abort.abort();
      throw new ProblemError({ code: 'image-build-failed', message: 'killed' });
    });
    const error = await ensureImage({ ...getOptions(store.substrate), signal: abort.signal }).catch(
      (each) => each,
    );
    expect(error.problem.code).toBe('interrupted');
  });
});

/** A substrate that makes more of an image than its builder has; `made` are the tags it was made of. */
function createMaker(store: ReturnType<typeof createStore>) {
  const made: string[] = [];
  const substrate = {
    ...store.substrate,
    hasImage: async (tag: string) => made.includes(tag),
    async ensureImage(context: BuildContext) {
      if (!store.tags.has(context.tag)) await store.substrate.builder.ensureImage(context);
      made.push(context.tag);
    },
  } as Substrate;
  return { substrate, made };
}

test('ensureImage: an image that the builder has is not built again for a substrate that makes more of it', async () => {
  const store = createStore();
  const { tag } = await ensureImage(getOptions(store.substrate));
  // Nothing is fetched for it either.
  store.tags.delete(BASE);
  const maker = createMaker(store);
  expect(await ensureImage(getOptions(maker.substrate))).toEqual({ tag, built: true });
  expect(await ensureImage(getOptions(maker.substrate))).toEqual({ tag, built: false });
  expect([store.contexts.length, maker.made]).toEqual([1, [tag]]);
});

test('ensureImage: an image given is used as it is, made more of where need be, and never built', async () => {
  const store = createStore();
  const maker = createMaker(store);
  const given = 'localhost/given:1';
  const missing = await ensureImage({ ...getOptions(maker.substrate), given }).catch((each) => each);
  expect(missing.problem).toMatchObject({
    code: 'image-missing',
    message: `the image ${given} is not there`,
  });
  store.tags.add(given);
  expect(await ensureImage({ ...getOptions(store.substrate), given })).toEqual({ tag: given, built: false });
  expect(await ensureImage({ ...getOptions(maker.substrate), given })).toEqual({ tag: given, built: true });
  expect(await ensureImage({ ...getOptions(maker.substrate), given })).toEqual({ tag: given, built: false });
  expect([store.contexts, maker.made]).toEqual([[], [given]]);
});

test('ensureImage: forced, the substrate is told to make all of it again', async () => {
  const store = createStore();
  await ensureImage({ ...getOptions(store.substrate), force: true });
  expect(store.contexts[0]?.refresh).toBe(true);
});

test('ensureImage: an interrupt while the base is pulled is interrupted', async () => {
  const abort = new AbortController();
  const store = createStore(() => {
    abort.abort();
    throw new Error('killed');
  });
  store.tags.clear();
  const error = await ensureImage({ ...getOptions(store.substrate), signal: abort.signal }).catch(
    (each) => each,
  );
  expect(error.problem.code).toBe('interrupted');
});

test('ensureImage says whether there is no image yet, or one that is older than this cspace', async () => {
  const { substrate } = createStore();
  const said: string[] = [];
  const onProgress = (message: string) => said.push(message);
  await ensureImage({ ...getOptions(substrate), onProgress });
  expect(said[0]).toContain('no image yet');
  said.length = 0;
  await ensureImage({ ...getOptions(substrate), onProgress });
  expect(said).toEqual([]);
  await ensureImage({ ...getOptions(substrate, 'FROM y\n'), onProgress });
  expect(said[0]).toContain('older than this cspace');
});
