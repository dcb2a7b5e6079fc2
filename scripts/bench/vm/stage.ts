import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadKit } from '../../../packages/host/src/image/kit.ts';
import { getHomeLabel } from '../../../packages/host/src/substrate/labels.ts';
import { createVmImages } from '../../../packages/host/src/substrate/qemu/image/create-vm-images.ts';
import { createQemu } from '../../../packages/host/src/substrate/qemu/qemu.ts';
import type { MachineSpec, Substrate } from '../../../packages/host/src/substrate/substrate.ts';
import { getEngineFolder, getVmStateFolder } from '../../../packages/host/src/system/paths.ts';
import type { NetworkFixture } from '../../../packages/host/test/contract/network-fixture.ts';
import { findVmProcesses } from '../../../packages/host/test/support/vm-processes.ts';
import { readCpuMs } from './cpu-time.ts';
import { type Ground, never } from './ground.ts';

/** Machines by the substrate alone, without a daemon; their first program does nothing. */
export interface Stage {
  /** Until its guest's word; the machine is removed then, or once `enough` says so. */
  measure(name: string, word: 'ready' | 'ok', enough?: () => Promise<void>): Promise<Heard>;
  /** Starts one as a whole, and removes it. */
  boot(name: string): Promise<void>;
  substrate: Substrate;
  folder: string;
  stateFolder: string;
  dispose(): Promise<void>;
}

export interface Heard {
  /** Milliseconds from when the machine was asked for. */
  made: number;
  /** The same from when it was started. */
  started: number;
  /** What QEMU had used of the processors by then, in milliseconds. */
  cpuMs: number;
  /** When the word came, as performance.now() has it. */
  at: number;
}

export interface StageOptions {
  ground: Ground;
  memoryMiB: number;
  network: NetworkFixture;
  /** Where memory templates are kept; without it every machine is booted. */
  templates?: string;
}

const TIMEOUT_MS = 300_000;
const OWNER = { uid: 1501, gid: 1501 };

export function makeStage({ ground, memoryMiB, network, templates }: StageOptions): Stage {
  const folder = mkdtempSync(join(tmpdir(), 'cspace-bench-'));
  const homeLabel = getHomeLabel(folder);
  const stateFolder = getVmStateFolder(homeLabel);
  const builder = { hasImage: never, ensureImage: never };
  const images = createVmImages({ store: ground.store, builder, run: never, loadKit });
  const idle = {
    ...ground.image,
    entrypoint: ['/bin/sleep'],
    cmd: ['infinity'],
    workdir: '/',
    standby: false,
  };
  const listeners = new Map<string, (word: string) => void>();
  const substrate = createQemu({
    ...{ homeLabel, stateFolder, builder, addressOf: network.addressOf },
    images: { ...images, find: async () => idle },
    getAccel: async () => ground.accel,
    probe: never,
    onWord: (id, word) => listeners.get(id)?.(word),
    ...(templates === undefined ? {} : { templates: { store: templates, quietMs: 0 } }),
  });
  const ref = (sandbox: string) => ({ project: 'bench', sandbox });

  function getSpec(name: string): MachineSpec {
    const own = join(folder, name);
    const at = (part: string) => join(own, part);
    for (const part of ['clone', 'run', 'machine']) mkdirSync(at(part), { recursive: true });
    return {
      ...{ ref: ref(name), homeLabel, image: ground.image.tag, owner: OWNER, folder: at('machine') },
      mounts: [
        { source: at('clone'), target: '/workspace', readOnly: false },
        { source: at('run'), target: '/run/cspace', readOnly: true },
      ],
      network: 'nat',
      ...{ volumes: [], sysctls: {}, env: {}, limits: { cpus: 1, memoryMiB, pids: 512 } },
    };
  }

  const start = (name: string, signal: AbortSignal) =>
    substrate.start(ref(name), (plug) => network.attach(ref(name), plug), signal);

  async function remove(name: string): Promise<void> {
    await substrate.destroy(ref(name), AbortSignal.timeout(TIMEOUT_MS));
    await network.detach(ref(name));
    rmSync(join(folder, name), { recursive: true });
  }

  return {
    ...{ substrate, folder, stateFolder },
    async measure(name, word, enough = async () => undefined) {
      const stop = new AbortController();
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const spec = getSpec(name);
      const askedAt = performance.now();
      const { id } = await substrate.create(spec, signal);
      const madeAt = performance.now();
      let heardAt: number | undefined;
      let cpuMs = Number.NaN;
      let ending: Promise<void> | undefined;
      listeners.set(id, (said) => {
        if (said !== word) return;
        heardAt ??= performance.now();
        cpuMs = readCpuMs(findVmProcesses(join(stateFolder, id)).qemu?.pid ?? 0);
        // What comes after is not measured.
        ending ??= enough().then(() => stop.abort());
      });
      try {
        await start(name, signal).catch((error) => {
          if (heardAt === undefined) throw error;
        });
        await ending;
      } finally {
        listeners.delete(id);
        await remove(name);
      }
      if (heardAt === undefined) throw new Error(`${name} never said ${word}`);
      return { made: heardAt - askedAt, started: heardAt - madeAt, cpuMs, at: heardAt };
    },
    async boot(name) {
      await substrate.create(getSpec(name), AbortSignal.timeout(TIMEOUT_MS));
      await start(name, AbortSignal.timeout(TIMEOUT_MS));
      await remove(name);
    },
    async dispose() {
      rmSync(getEngineFolder(homeLabel), { recursive: true, force: true });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
