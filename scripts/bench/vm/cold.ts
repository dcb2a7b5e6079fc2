import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeNetwork } from '../../../packages/host/test/contract/network-fixture.ts';
import { type Figures, measurePair } from '../pair.ts';
import { type Benchmark, getRows, type Metric, type Row } from '../results.ts';
import { makeByHand } from './by-hand.ts';
import { findGround, type Ground } from './ground.ts';
import { makeStage } from './stage.ts';
import { makeWorld, remove, up } from './worlds.ts';

const GOAL = { better: 'lower', goal: 1.1, stretch: 1.03 } as const;
const METRICS: readonly Metric[] = [
  { name: 'asked for, to init', unit: 'ms', goal: GOAL },
  { name: 'started, to init', unit: 'ms', goal: GOAL },
  { name: 'processors used by QEMU, to init', unit: 'ms' },
  { name: 'asked for, to a healthy supervisor (peer: init)', unit: 'ms' },
];
const MEMORY_MIB = 1024;

/** Benchmark 5: a first microVM, beside a hand-written QEMU line with the same kernel, initramfs and disks. */
export async function createColdBenchmark(): Promise<Benchmark> {
  const ground = await findGround();
  const peer = `a QEMU line by hand, to init's first word (${ground.words})`;
  return { name: 'vm-cold', peer, rounds: 5, run: (rounds) => run(ground, rounds) };
}

async function run(ground: Ground, rounds: number): Promise<Row[]> {
  const home = mkdtempSync(join(tmpdir(), 'cspace-bench-'));
  const network = await makeNetwork(home, { uid: 0, gid: 0 });
  const stage = makeStage({ ground, memoryMiB: MEMORY_MIB, network });
  const hand = await makeByHand(ground, MEMORY_MIB);
  const config = { templates: false, limits: { cpus: 1, memory: MEMORY_MIB } };
  const world = makeWorld(ground, 1, { config });
  const names = METRICS.map(({ name }) => name);
  const toFigures = (values: number[]): Figures =>
    Object.fromEntries(names.map((name, index) => [name, values[index] ?? Number.NaN]));
  const ours = async () => {
    const { made, started, cpuMs } = await stage.measure('venus', 'ready');
    const { healthyMs } = await up(world, 'mercury');
    await remove(world, 'mercury');
    return toFigures([made, started, cpuMs, healthyMs]);
  };
  const peer = async () => {
    const { ms, cpuMs } = await hand.measure();
    return toFigures([ms, ms, cpuMs, ms]);
  };
  try {
    return getRows(await measurePair({ ours, peer }, rounds), METRICS);
  } finally {
    hand.dispose();
    await world.dispose();
    await stage.dispose();
    await network.dispose();
    rmSync(home, { recursive: true });
  }
}
