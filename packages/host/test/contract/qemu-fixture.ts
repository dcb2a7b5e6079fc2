import { expect } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Problem, toProblem } from '@cspace/protocol/problem';
import { loadKit } from '../../src/image/kit.ts';
import { getHomeLabel } from '../../src/substrate/labels.ts';
import { createPodman } from '../../src/substrate/podman/podman.ts';
import { createAccel } from '../../src/substrate/qemu/accel.ts';
import { createVmImages } from '../../src/substrate/qemu/image/create-vm-images.ts';
import { getDescriptorFile, readKit } from '../../src/substrate/qemu/image/store.ts';
import { probeQemu } from '../../src/substrate/qemu/probe.ts';
import { createQemu, type QemuOptions } from '../../src/substrate/qemu/qemu.ts';
import type { Machine, Substrate } from '../../src/substrate/substrate.ts';
import { removeEngineFolder } from '../../src/system/engine-folder.ts';
import { BASE_ENV } from '../../src/system/exec.ts';
import { getVmStateFolder, getVmStore } from '../../src/system/paths.ts';
import type { Contract } from './contract.ts';
import type { Fixture } from './harness.ts';
import { buildTestImage } from './image-fixture.ts';
import { makeNetwork } from './network-fixture.ts';
import { getReason as getPodmanReason, podman } from './podman-fixture.ts';

const STORE = getVmStore(process.env.CSPACE_TEST_VM_STORE);

/** Why microVMs cannot be tried here. */
export async function getReason(): Promise<string | undefined> {
  if (process.arch !== 'x64') return 'microVMs are for x86-64';
  if (process.getuid?.() !== 0) return 'needs root';
  if (process.env.CSPACE_LAB === undefined) return 'makes taps: run it by scripts/lab';
  if (await hasKit()) return getPodmanReason();
  return `the guest's kernel is not there: cspace image build --substrate qemu`;
}

/** What takes a network to make. All else is made of the image at need. */
async function hasKit(): Promise<boolean> {
  const { hash } = await loadKit();
  for (const name of existsSync(STORE) ? readdirSync(STORE) : []) {
    const key = /^kit-(.+)$/.exec(name)?.[1];
    if (key !== undefined && (await readKit(STORE, key))?.sources === hash) return true;
  }
  return false;
}

export interface QemuFixture extends Fixture {
  /** Another one for the same machines, as a daemon that comes after has it. */
  another(change?: Partial<QemuOptions>): Substrate;
  /** `/run/cspace/LABEL/vm`. */
  stateFolder: string;
  /** What machines are started from. */
  store: string;
}

/** What the tests of microVMs alone work with. */
export interface QemuContract extends Contract {
  fixture: () => QemuFixture;
}

/** How much longer than a container's everything may take: guests are emulated. */
export const SLOWNESS = 5;

/** A program that starts a machine, to be killed meanwhile. */
export const STARTER = join(import.meta.dir, 'qemu-starter.ts');

/** What it fails with; fails itself where it does not. */
export async function findProblem(work: Promise<unknown>): Promise<Problem> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeDefined();
  return toProblem(thrown);
}

/** MicroVMs with a home, a network and an image of their own. The image shares its root file system with the one given. */
export async function makeQemu(): Promise<QemuFixture> {
  const home = mkdtempSync(join(tmpdir(), 'cspace-contract-'));
  const folder = join(home, 'machines');
  mkdirSync(folder);
  const homeLabel = getHomeLabel(home);
  const network = await makeNetwork(home, { uid: 1501, gid: 1501 });
  const at = { owner: { uid: 0, gid: 0 }, homeLabel, addressOf: network.addressOf };
  const engine = createPodman({ ...at, folder: join(home, 'engine') });
  const stateFolder = getVmStateFolder(homeLabel);
  const options: QemuOptions = {
    homeLabel,
    stateFolder,
    builder: engine.builder,
    images: createVmImages({ store: STORE, builder: engine.builder, run: engine.run, loadKit }),
    addressOf: network.addressOf,
    getAccel: createAccel({ path: BASE_ENV.PATH, store: STORE }),
    probe: async (signal) =>
      probeQemu({ path: BASE_ENV.PATH, store: STORE, builder: await engine.probe(signal), signal }),
  };
  const substrate = createQemu(options);
  const image = `localhost/cspace-contract:${process.pid}`;
  await buildTestImage(home, image, (context) =>
    substrate.ensureImage({ ...context, signal: AbortSignal.timeout(60_000) }),
  );
  return {
    substrate,
    homeLabel,
    image,
    folder,
    stateFolder,
    store: STORE,
    slowness: SLOWNESS,
    getCpuSeconds,
    another: (change = {}) => createQemu({ ...options, ...change }),
    attach: network.attach,
    detach: network.detach,
    async dispose() {
      podman(['rmi', '--force', image], engine.execEnv);
      rmSync(getDescriptorFile(STORE, image), { force: true });
      await network.dispose();
      await removeEngineFolder(homeLabel);
      rmSync(home, { recursive: true });
    },
  };
}

/** Of QEMU with all its threads, those of the guest's processors among them; 100 ticks a second (proc(5)). */
function getCpuSeconds({ pid }: Machine): number {
  if (!existsSync(`/proc/${pid}`)) return 0;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
