import { afterAll, beforeAll, expect } from 'bun:test';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPodman, type Podman } from '../../src/substrate/podman/podman.ts';
import { createVmImages } from '../../src/substrate/qemu/image/create-vm-images.ts';
import { DISK_BYTES } from '../../src/substrate/qemu/image/empty-disk.ts';
import { KERNEL, makeBzImage } from '../../src/substrate/qemu/image/testing.ts';
import type { VmImages } from '../../src/substrate/qemu/image/vm-image.ts';
import type { BuildContext } from '../../src/substrate/substrate.ts';
import { getOwner } from '../../src/system/owner.ts';
import { testUnless } from '../support/test-unless.ts';

function getObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'building images needs root';
  const missing = ['podman', 'mkfs.erofs', 'fsck.erofs', 'mkfs.ext4'].filter((name) => !Bun.which(name));
  return missing.length > 0 ? `not installed: ${missing.join(', ')}` : undefined;
}

const test = testUnless(getObstacle());
const TIMEOUT_MS = 120_000;
const RELEASE = '6.12.1-test';
/** No other sleep has it. */
const SECONDS = 61.25;
const MTIME = 1_700_000_000;
const PROGRAM = 'a program\n'.repeat(1000);

let folder: string;
let podman: Podman;
let tag: string;
let kitTag: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'cspace-vm-images-')));
  podman = createPodman(podmanOptions());
  // Names that no other run has.
  const hash = createHash('sha256').update(folder).digest('hex');
  tag = `localhost/cspace-vm-images-test:${hash.slice(0, 12)}`;
  kitTag = `localhost/cspace-kit:${hash.slice(0, 12)}`;
  write(
    'image/Dockerfile',
    'FROM scratch\nCOPY files/ /\nENV A=b\nENTRYPOINT ["/program"]\nCMD ["run"]\nWORKDIR /work\n',
  );
  write('image/files/program', PROGRAM);
  utimesSync(join(folder, 'image/files/program'), MTIME, MTIME);
  write('kit/Dockerfile', `FROM scratch\n# ${folder}\nCOPY kit /kit\n`);
  write('kit/kit/bzImage', makeBzImage());
  write('kit/kit/kernel-release', `${RELEASE}\n`);
  write('kit/kit/initrd/init', PROGRAM);
  write(`kit/kit/modules/${RELEASE}/modules.dep`, 'kernel/a.ko:\n');
});
afterAll(() => {
  if (getObstacle() === undefined) {
    for (const each of [tag, kitTag])
      Bun.spawnSync(['podman', 'rmi', '--force', each], { env: podman.execEnv });
  }
  rmSync(folder, { recursive: true });
});

const podmanOptions = () => ({
  folder: join(folder, 'engine'),
  owner: getOwner({}),
  homeLabel: 'vm-images-test',
  addressOf: () => undefined,
});

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), content);
}

function createImages(store: string, engine = podman): VmImages {
  return createVmImages({
    store,
    builder: engine.builder,
    run: engine.run,
    loadKit: async () => ({
      hash: kitTag.split(':')[1] ?? '',
      write: async (to) => cpSync(join(folder, 'kit'), to, { recursive: true }),
    }),
  });
}

async function ensure(images: VmImages, change: Partial<BuildContext> = {}) {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const context = { tag, folder: join(folder, 'image'), buildArgs: {}, onLine: () => {}, signal };
  await images.ensureImage({ ...context, ...change });
}

/** The files of a read-only file system, as they are in it. */
function extract(file: string, to: string): string {
  const { exitCode, stderr } = Bun.spawnSync(['fsck.erofs', `--extract=${to}`, '--preserve', file]);
  if (exitCode !== 0) throw new Error(stderr.toString());
  return to;
}

test(
  'vm images: made by podman and mkfs, with the image’s files, their times and its configuration',
  async () => {
    const images = createImages(join(folder, 'vm'));
    await ensure(images);
    const image = await images.find(tag);
    if (!image) throw new Error('not there');
    expect(image).toMatchObject({
      ...{ tag, kernel: RELEASE, entrypoint: ['/program'], cmd: ['run'], workdir: '/work' },
      env: { A: 'b' },
    });
    expect(new Uint8Array(readFileSync(image.vmlinux))).toEqual(KERNEL);
    expect(readFileSync(image.initrd, 'latin1')).toContain(PROGRAM);
    const root = extract(image.root, join(folder, 'root'));
    expect(readFileSync(join(root, 'program'), 'utf8')).toBe(PROGRAM);
    expect(lstatSync(join(root, 'program')).mtimeMs).toBe(MTIME * 1000);
    expect(readdirSync(extract(image.modules, join(folder, 'modules')))).toEqual([RELEASE]);
    const disk = statSync(image.emptyDisk);
    expect(disk.size).toBe(DISK_BYTES);
    expect(disk.blocks * 512).toBeLessThan(2 * 1024 * 1024);
    expect(Bun.spawnSync(['e2fsck', '-fn', image.emptyDisk]).exitCode).toBe(0);
  },
  TIMEOUT_MS,
);

test(
  'vm images: forced, the kit is built again; the same bytes have the same key, whenever they were written',
  async () => {
    const [one, two] = [createImages(join(folder, 'vm')), createImages(join(folder, 'vm-again'))];
    await ensure(one);
    utimesSync(join(folder, `kit/kit/modules/${RELEASE}/modules.dep`), MTIME, MTIME);
    const lines: string[] = [];
    await ensure(two, { refresh: true, onLine: (line) => lines.push(line) });
    expect(lines.join('\n')).toContain('COPY kit /kit');
    const [first, second] = [await one.find(tag), await two.find(tag)];
    expect(second).toMatchObject({ kitKey: first?.kitKey, rootKey: first?.rootKey });
  },
  TIMEOUT_MS,
);

/** Podman that finds a mkfs.erofs which never ends when it is at the image's own files. */
function createSlowPodman(): Podman {
  const real = Bun.which('mkfs.erofs');
  const hang = `case "$*" in *' .') : > ${folder}/begun; exec sleep ${SECONDS};; esac`;
  write('bin/mkfs.erofs', `#!/bin/sh\n${hang}\nexec ${real} "$@"\n`);
  chmodSync(join(folder, 'bin/mkfs.erofs'), 0o755);
  return createPodman({ ...podmanOptions(), path: `${join(folder, 'bin')}:${podman.execEnv.PATH}` });
}

const isRunning = (program: string) => Bun.spawnSync(['pgrep', '-fx', program]).exitCode === 0;

test(
  'vm images: an interrupt leaves no file, no process and no mount, and the next one works',
  async () => {
    const store = join(folder, 'vm-interrupted');
    const abort = new AbortController();
    const making = ensure(createImages(store, createSlowPodman()), { signal: abort.signal }).catch(
      (each) => each,
    );
    while (!existsSync(join(folder, 'begun'))) await Bun.sleep(20);
    expect(isRunning(`sleep ${SECONDS}`)).toBe(true);
    abort.abort();
    expect((await making).problem?.code).toBe('interrupted');
    // The kit was whole by then.
    expect(readdirSync(store).filter((name) => !name.startsWith('kit-'))).toEqual(['.lock']);
    expect(isRunning(`sleep ${SECONDS}`)).toBe(false);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(getMountPoint());
    await ensure(createImages(store));
    expect(await createImages(store).find(tag)).toBeDefined();
  },
  TIMEOUT_MS,
);

/** Where podman shows the image's files while it does. */
function getMountPoint(): string {
  const format = '{{.GraphDriver.Data.UpperDir}}';
  const { stdout } = Bun.spawnSync(['podman', 'image', 'inspect', '--format', format, tag], {
    env: podman.execEnv,
  });
  return stdout.toString().trim().replace(/diff$/, 'merged');
}
