// Makes the image that the tests of real browsers boot and prints its tag: cspace's own, with Chromium, Playwright and the
// packages of two web projects in it; also as microVMs want it, where the argument is `qemu`. It does nothing but look where
// nothing changed. Needs root and the network.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureBase } from '../../packages/host/src/image/base.ts';
import { getBuildArgs } from '../../packages/host/src/image/build.ts';
import { CHECKOUT_ROOT } from '../../packages/host/src/image/checkout-source.ts';
import { type ImageContext, readContext } from '../../packages/host/src/image/context.ts';
import { loadKit } from '../../packages/host/src/image/kit.ts';
import { readTree } from '../../packages/host/src/image/read-tree.ts';
import { selectSource } from '../../packages/host/src/image/select-source.ts';
import type { ImageSource } from '../../packages/host/src/image/source.ts';
import { writeTree } from '../../packages/host/src/image/write-tree.ts';
import { createPodman, type Podman } from '../../packages/host/src/substrate/podman/podman.ts';
import { createVmImages } from '../../packages/host/src/substrate/qemu/image/create-vm-images.ts';
import type { Substrate } from '../../packages/host/src/substrate/substrate.ts';
import { getOwner } from '../../packages/host/src/system/owner.ts';
import { getPaths, getVmStore } from '../../packages/host/src/system/paths.ts';
import { addToDockerfile, getWebTag, pickOldTags } from './web-image-parts.ts';

const FIXTURES = join(CHECKOUT_ROOT, 'packages/host/test/fixtures/web');
const PART = 'Dockerfile.part';
const TIMEOUT_MS = 7.5 * 60_000;

const signal = AbortSignal.timeout(TIMEOUT_MS);
const onProgress = (line: string): void => console.error(line);
const root = { uid: 0, gid: 0 };

async function ensureWebImage(work: string): Promise<string> {
  const substrate = createPodman({
    folder: join(work, 'engine'),
    owner: root,
    homeLabel: 'web-image',
    addressOf: () => undefined,
  });
  const owner = getOwner();
  const own = selectSource({ paths: getPaths(work), owner });
  const context = await readContext({ source: addFixtures(own), signal, onProgress });
  const tag = getWebTag(context.hash);
  if (!(await substrate.hasImage(tag, signal))) await build({ substrate, context, tag, work });
  removeOld(substrate, tag);
  if (process.argv[2] === 'qemu') await makeVmImage(substrate, tag, work);
  return tag;
}

/** Outside of a suite: what it leaves is shared, and no suite may leave anything. */
async function makeVmImage(podman: Podman, tag: string, work: string): Promise<void> {
  const { builder, run } = podman;
  const images = createVmImages({
    store: getVmStore(process.env.CSPACE_TEST_VM_STORE),
    builder,
    run,
    loadKit,
  });
  await images.ensureImage({ tag, folder: work, buildArgs: {}, onLine: onProgress, signal });
}

/** The image's own files with what the fixtures install from in the folder `web`. Their sources come with a clone. */
function addFixtures(own: ImageSource): ImageSource {
  return {
    async files(options) {
      const [files, fixtures] = await Promise.all([own.files(options), readTree(FIXTURES)]);
      const read = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
      const dockerfile = addToDockerfile(read(files.get('Dockerfile')), read(fixtures.get(PART)));
      const web = [...fixtures].filter(([path]) => /^[^/]+\/package(-lock)?\.json$/.test(path));
      return new Map([
        ...files,
        ...web.map(([path, bytes]) => [`web/${path}`, bytes] as const),
        ['Dockerfile', new TextEncoder().encode(dockerfile)] as const,
      ]);
    },
  };
}

interface BuildOptions {
  substrate: Substrate;
  context: ImageContext;
  tag: string;
  work: string;
}

async function build({ substrate, context, tag, work }: BuildOptions): Promise<void> {
  const at = { builder: substrate.builder, cache: join(work, 'cache'), owner: root, signal, onProgress };
  const base = await ensureBase({ ...at, pins: context.pins });
  const folder = join(work, 'context');
  mkdirSync(folder);
  await writeTree(folder, context.files);
  await substrate.ensureImage({
    tag,
    folder,
    buildArgs: getBuildArgs(base, context.hash),
    onLine: onProgress,
    signal,
  });
}

/** One that a container still uses stays: podman refuses without --force. */
function removeOld(substrate: Substrate, tag: string): void {
  const podman = (args: string[]) =>
    Bun.spawnSync(['podman', ...args], { env: { ...substrate.execEnv }, timeout: 60_000 });
  const list = podman(['images', '--format', '{{.Repository}}:{{.Tag}}', '--sort', 'created']);
  for (const old of pickOldTags(list.stdout.toString().split('\n'), tag)) podman(['rmi', old]);
}

// The path of a build context may have no symbolic link in it.
const work = mkdtempSync(join(resolve(tmpdir()), 'cspace-web-image-'));
try {
  console.log(await ensureWebImage(work));
} finally {
  rmSync(work, { recursive: true, force: true });
}
