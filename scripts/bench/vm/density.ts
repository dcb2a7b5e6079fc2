import { readFileSync } from 'node:fs';
import type { World } from '../../../packages/host/test/support/world.ts';
import type { Samples } from '../pair.ts';
import { type Benchmark, getRows, type Metric, type Row } from '../results.ts';
import { findGround, type Ground } from './ground.ts';
import { type Weight, weighContainer, weighDaemon, weighMicroVm } from './weigh.ts';
import { makeTemplateStore, makeWorld, remove, up } from './worlds.ts';

const MOST_MACHINES = 10;
const MEMORY_MIB = 1024;
/** Of the host's free memory, for each: a guest that is booted takes some 400. */
const ROOM_MIB = 700;
/** The guest gives back what it has freed, and whatever started it has nothing more to do. */
const SETTLE_MS = 15_000;

/** Benchmark 12, the part of microVMs: what idle sandboxes weigh. */
export async function createDensityBenchmark(): Promise<Benchmark> {
  const ground = await findGround();
  const child = Bun.spawnSync(['podman', 'image', 'exists', ground.image.tag], { timeout: 30_000 });
  if (child.exitCode !== 0) throw new Error(`podman has no image ${ground.image.tag}: cspace image build`);
  const peer = `the same sandbox under podman, or booted (${ground.words})`;
  return { name: 'vm-density', peer, rounds: MOST_MACHINES, run: (machines) => run(ground, machines) };
}

export interface Weighed {
  sandboxes: Weight[];
  /** The daemon's part of one, in MiB. */
  daemon: number;
}

async function run(ground: Ground, wanted: number): Promise<Row[]> {
  const machines = Math.min(wanted, MOST_MACHINES, Math.max(1, Math.floor(readFreeMiB() / ROOM_MIB)));
  const limits = { cpus: 1, memory: MEMORY_MIB };
  const templates = makeTemplateStore(ground);
  try {
    const cold = makeWorld(ground, 1, { config: { limits, templates: false } });
    const booted = await weigh(cold, machines, (name) => weighMicroVm(cold, 'bench1', name));
    const warm = makeWorld({ ...ground, store: templates.path }, 2, { config: { limits } });
    const restored = await weigh(
      warm,
      machines,
      (name) => weighMicroVm(warm, 'bench2', name),
      async () => {
        await up(warm, 'first');
        await templates.waitFor(1);
        await remove(warm, 'first');
      },
    );
    const containers = makeWorld(ground, 3, { config: { limits }, substrate: 'podman' });
    const contained = await weigh(containers, machines, (name) => weighContainer('bench3', name));
    return getDensityRows({ booted, restored, contained });
  } finally {
    templates.dispose();
  }
}

function readFreeMiB(): number {
  return Number(/^MemAvailable: +(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) / 1024;
}

/** Makes the sandboxes of a world one after the other, weighs them when they are idle, and takes the world away. */
async function weigh(
  world: World,
  machines: number,
  look: (name: string) => Weight,
  prepare?: () => Promise<void>,
): Promise<Weighed> {
  const names = Array.from({ length: machines }, (_, index) => `idle${index}`);
  try {
    await world.cspace(['ls']);
    await prepare?.();
    const before = weighDaemon(world);
    for (const name of names) {
      const { restored } = await up(world, name);
      if (restored !== (prepare !== undefined))
        throw new Error(`${name}: ${restored ? 'a' : 'no'} memory template was used`);
    }
    await Bun.sleep(SETTLE_MS);
    return { daemon: (weighDaemon(world) - before) / machines, sandboxes: names.map(look) };
  } finally {
    await world.dispose();
  }
}

/** Each row has both sides of the same number of sandboxes; a part of one has all of the peer's beside it. */
export function getDensityRows(all: Record<'booted' | 'restored' | 'contained', Weighed>): Row[] {
  const { booted, restored, contained } = all;
  const row = (metric: Omit<Metric, 'unit'>, ours: number[], peer: number[]): Row[] => {
    const samples: Samples = { ours: { [metric.name]: ours }, peer: { [metric.name]: peer } };
    return getRows(samples, [{ unit: 'MiB', ...metric }]);
  };
  const get = ({ sandboxes }: Weighed, part: keyof Weight) => sandboxes.map((weight) => weight[part]);
  const container = get(contained, 'machine');
  const goal = { better: 'lower', goal: 0.35, stretch: 0.15 } as const;
  return [
    ...row(
      { name: 'from a template (peer: booted)', goal },
      get(restored, 'machine'),
      get(booted, 'machine'),
    ),
    ...row({ name: 'booted (peer: container)' }, get(booted, 'machine'), container),
    ...row({ name: 'from a template (peer: container)' }, get(restored, 'machine'), container),
    ...row(
      { name: 'guest memory, booted (peer: in the container)' },
      get(booted, 'guest'),
      get(contained, 'guest'),
    ),
    ...row(
      { name: 'guest memory, from a template (peer: booted)' },
      get(restored, 'guest'),
      get(booted, 'guest'),
    ),
    ...row({ name: 'QEMU without it (peer: conmon)' }, get(booted, 'vmm'), get(contained, 'vmm')),
    ...row({ name: 'virtiofsd (peer: container)' }, get(booted, 'virtiofsd'), container),
    ...row({ name: 'daemon, a sandbox (peer: with podman)' }, [booted.daemon], [contained.daemon]),
  ];
}
