import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readContext } from '../../../packages/host/src/image/context.ts';
import { loadKit } from '../../../packages/host/src/image/kit.ts';
import { selectSource } from '../../../packages/host/src/image/select-source.ts';
import { createAccel } from '../../../packages/host/src/substrate/qemu/accel.ts';
import { createVmImages } from '../../../packages/host/src/substrate/qemu/image/create-vm-images.ts';
import type { VmImage } from '../../../packages/host/src/substrate/qemu/image/vm-image.ts';
import { probeQemu } from '../../../packages/host/src/substrate/qemu/probe.ts';
import { BASE_ENV } from '../../../packages/host/src/system/exec.ts';
import { getPaths, getVmStore } from '../../../packages/host/src/system/paths.ts';

/** What microVMs are started from on this host, all of it there already. */
export interface Ground {
  store: string;
  image: VmImage;
  accel: 'kvm' | 'tcg';
  /** `QEMU 7.2.22, emulated`. */
  words: string;
}

const TIMEOUT_MS = 120_000;

/** Nobody builds anything here. */
export const never = () => Promise.reject(new Error('a benchmark builds no image'));

/** Throws what this host lacks. */
export async function findGround(): Promise<Ground> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('microVMs are for Linux on x86-64');
  if (process.getuid?.() !== 0) throw new Error('needs root');
  const store = getVmStore(process.env.CSPACE_TEST_VM_STORE);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const version = await requireQemu(store, signal);
  const tag = process.env.CSPACE_TEST_IMAGE ?? (await readTag(signal));
  const builder = { hasImage: never, ensureImage: never };
  const images = createVmImages({ store, builder, run: never, loadKit });
  const image = (await images.hasImage(tag, signal)) ? await images.find(tag) : undefined;
  if (!image)
    throw new Error(`the image ${tag} is not there for microVMs: cspace image build --substrate qemu`);
  const accel = await createAccel({ path: BASE_ENV.PATH, store })(signal);
  return { store, image, accel, words: `QEMU ${version}, ${accel === 'tcg' ? 'emulated' : 'KVM'}` };
}

/** The version. */
async function requireQemu(store: string, signal: AbortSignal): Promise<string> {
  const builder = { usable: true, version: null, native: 'no', findings: [] } as const;
  const probe = await probeQemu({
    ...{ path: BASE_ENV.PATH, store, signal },
    builder: { ...builder, findings: [] },
  });
  const lacking = probe.findings.filter(({ ok, optional }) => !ok && !optional);
  if (!probe.usable)
    throw new Error(lacking.map(({ what, fix }) => (fix ? `${what}: ${fix}` : what)).join('; '));
  return probe.version ?? 'of an unknown version';
}

/** Of the image of this checkout. */
async function readTag(signal: AbortSignal): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'cspace-bench-'));
  try {
    const source = selectSource({ paths: getPaths(home), owner: { uid: 0, gid: 0 } });
    return (await readContext({ source, signal, onProgress: () => undefined })).tag;
  } finally {
    rmSync(home, { recursive: true });
  }
}
