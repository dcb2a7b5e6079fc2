import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import type { BuildContext } from '../../substrate.ts';
import { createVmImages } from './create-vm-images.ts';
import type { OciImage } from './oci.ts';
import type { Steps } from './steps.ts';

interface Shape {
  payload?: Uint8Array;
  /** What the header says that it unpacks to. */
  size?: number;
  setupSectors?: number;
}

/** Starts as an ELF does. */
export const KERNEL = new Uint8Array(
  Buffer.concat([Buffer.from('\x7fELF', 'latin1'), Buffer.alloc(5000, 'k')]),
);

/** As small a bzImage as cspace reads: boot protocol 2.15, the payload 100 bytes after the setup code. */
export function makeBzImage({
  payload = zstdCompressSync(KERNEL),
  size = KERNEL.length,
  setupSectors = 3,
}: Shape = {}) {
  const start = ((setupSectors || 4) + 1) * 512 + 100;
  const image = new Uint8Array(start + payload.length + 4 + 50);
  const view = new DataView(image.buffer);
  image[0x1f1] = setupSectors;
  view.setUint32(0x202, 0x53726448, true);
  view.setUint16(0x206, 0x020f, true);
  view.setUint32(0x248, 100, true);
  view.setUint32(0x24c, payload.length + 4, true);
  image.set(payload, start);
  view.setUint32(start + payload.length, size, true);
  return image;
}

const run = async (): Promise<never> => {
  throw new Error('nothing is run here');
};

/** Steps that write a few bytes and note that they were asked; `see` is called in the middle of each. */
export function createFakeSteps(
  images: Record<string, Partial<OciImage>>,
  see: (step: string) => Promise<void> | void = () => {},
) {
  const done: string[] = [];
  const write = async (step: string, file: string) => {
    // As under a narrow umask.
    await writeFile(file, `half of ${step}`, { mode: 0o600 });
    await see(step);
    await writeFile(file, step);
    done.push(step);
  };
  const steps: Steps = {
    inspect: async (_, tag) => ({
      ...{ id: `id of ${tag}`, layers: [tag], user: '', standby: false },
      ...{ entrypoint: ['/init'], cmd: [], env: { TAG: tag }, workdir: '/', ...images[tag] },
    }),
    async makeKit({ source, work, refresh }) {
      const folder = join(work, 'kit');
      await mkdir(folder);
      const count = done.filter((step) => step === 'kit').length;
      const key = createHash('sha256')
        .update(`${source.hash} ${refresh ? count : 0}`)
        .digest('hex')
        .slice(0, 12);
      const kit = { v: 1 as const, key, sources: source.hash, kernel: '6.12.1-test' };
      for (const name of ['vmlinux', 'initrd', 'modules.erofs']) await writeFile(join(folder, name), name);
      await write('kit', join(folder, 'kit.json'));
      await writeFile(join(folder, 'kit.json'), JSON.stringify(kit));
      return { folder, kit };
    },
    makeRoot: (_, { file }) => write('root', file),
    makeEmptyDisk: (_, file) => write('disk', file),
  };
  return { steps, done };
}

interface Fakes {
  store: string;
  steps: Steps;
  /** Tags that the builder has. */
  tags?: Set<string>;
  sources?: () => string;
}

/** Images of microVMs without an engine: the builder has tags, and builds what it is asked for at once. */
export function createFakeImages({ store, steps, tags = new Set(), sources = () => 'sources' }: Fakes) {
  const built: string[] = [];
  const images = createVmImages({
    store,
    steps,
    run,
    loadKit: async () => ({ hash: sources(), write: async () => {} }),
    builder: {
      hasImage: async (tag) => tags.has(tag),
      async ensureImage({ tag }) {
        built.push(tag);
        tags.add(tag);
      },
    },
  });
  const ensure = (tag: string, change: Partial<BuildContext> = {}) =>
    images.ensureImage({
      ...{ tag, folder: '/nowhere', buildArgs: {}, onLine: () => {} },
      signal: AbortSignal.timeout(10_000),
      ...change,
    });
  return { images, ensure, built, tags };
}
