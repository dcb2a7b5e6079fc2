import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureImage } from '../../src/image/build.ts';
import { readContext } from '../../src/image/context.ts';
import type { ImageSource } from '../../src/image/source.ts';
import { createPodman } from '../../src/substrate/podman/podman.ts';
import type { Substrate } from '../../src/substrate/substrate.ts';
import { getOwner } from '../../src/system/owner.ts';
import { getPaths } from '../../src/system/paths.ts';
import { testUnless } from '../support/test-unless.ts';

function getObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'building images needs root';
  return Bun.which('podman') ? undefined : 'podman is not installed';
}

const test = testUnless(getObstacle());
const owner = getOwner({});
const VERSIONS = '{"debian":"trixie","base":"docker.io/library/debian:trixie-slim"}';
let home: string;
let podman: Substrate;

beforeAll(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'cspace-image-')));
  const real = createPodman({
    folder: join(home, 'engine'),
    owner,
    homeLabel: 'image-test',
    addressOf: () => undefined,
  });
  // The contexts here start from scratch: no base is pulled or made for them.
  podman = { ...real, hasImage: async (tag, signal) => tag.includes('debian') || real.hasImage(tag, signal) };
});
afterAll(() => rmSync(home, { recursive: true }));

/** An image of one Dockerfile, which no other test has. */
function getSource(dockerfile: string): ImageSource {
  const text = { Dockerfile: `${dockerfile}\n# ${home}\n`, 'versions.json': VERSIONS };
  const files = new Map(Object.entries(text).map(([path, each]) => [path, new TextEncoder().encode(each)]));
  return { files: async () => files };
}

function ensure(source: ImageSource, signal = AbortSignal.timeout(60_000), onProgress = (_: string) => {}) {
  return ensureImage({ substrate: podman, paths: getPaths(home), owner, signal, source, onProgress });
}

describe('ensureImage with podman', () => {
  test('a step that fails is image-build-failed with what podman said, and leaves no image', async () => {
    const source = getSource('FROM scratch\nRUN ["/no-such-program"]');
    const error = await ensure(source).catch((each) => each);
    expect(error.problem?.code).toBe('image-build-failed');
    expect(error.problem.why).toContain('no-such-program');
    const { tag } = await readContext({ source, signal: AbortSignal.timeout(1000), onProgress: () => {} });
    expect(await podman.hasImage(tag, AbortSignal.timeout(20_000))).toBe(false);
    expect(readdirSync(join(getPaths(home).cache, 'image'))).toEqual([]);
  });

  test('a mistake in the Dockerfile is image-build-failed with its words', async () => {
    const error = await ensure(getSource('FROM scratch\nFETCH everything')).catch((each) => each);
    expect(error.problem?.code).toBe('image-build-failed');
    expect(error.problem.why).toContain('FETCH');
  });

  test('an interrupt during the build ends it as interrupted', async () => {
    const abort = new AbortController();
    const source = getSource('FROM scratch\nRUN ["/no-such-program"]');
    const error = await ensure(source, abort.signal, () => abort.abort()).catch((each) => each);
    expect(error.problem?.code).toBe('interrupted');
    expect(readdirSync(join(getPaths(home).cache, 'image'))).toEqual([]);
  });
});
