import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from '../../../packages/host/src/system/abort.ts';
import { makeNetwork } from '../../../packages/host/test/contract/network-fixture.ts';
import { measurePair } from '../pair.ts';
import { type Benchmark, getRows, type Metric, type Row } from '../results.ts';
import { findGround, type Ground } from './ground.ts';
import { makeStage, type Stage } from './stage.ts';
import { makeTemplateStore, makeWorld, remove, type TemplateStore, up } from './worlds.ts';

const GOAL = { better: 'lower', goal: 0.2, stretch: 0.08 } as const;
const ALONE: readonly Metric[] = [{ name: 'started, to its configuration taken', unit: 'ms', goal: GOAL }];
const TEN: readonly Metric[] = [
  {
    name: 'ten at once, to the last one’s configuration taken (peer: one)',
    unit: 'ms',
    goal: { better: 'lower', goal: 1, stretch: 0.5 },
  },
];
const UP: readonly Metric[] = [
  { name: 'asked for, to commands', unit: 'ms', goal: GOAL },
  { name: 'asked for, to a healthy supervisor', unit: 'ms', goal: GOAL },
];
const MEMORY_MIB = 1024;
const CLONES = 10;
const LONG_MS = 120_000;

/** Benchmark 6: microVMs from a memory template, beside ones that are booted. */
export async function createWarmBenchmark(): Promise<Benchmark> {
  const ground = await findGround();
  const peer = `the same machine, booted (${ground.words})`;
  return { name: 'vm-warm', peer, rounds: 5, run: (rounds) => run(ground, rounds) };
}

async function run(ground: Ground, rounds: number): Promise<Row[]> {
  const templates = makeTemplateStore(ground);
  try {
    return [
      ...(await measureMachines(ground, templates, rounds)),
      ...(await measureUps(ground, templates, rounds)),
    ];
  } finally {
    templates.dispose();
  }
}

/** Without daemon and supervisor: their templates are of a kernel that waits for its configuration. */
async function measureMachines(ground: Ground, templates: TemplateStore, rounds: number): Promise<Row[]> {
  const home = mkdtempSync(join(tmpdir(), 'cspace-bench-'));
  const network = await makeNetwork(home, { uid: 0, gid: 0 });
  const at = { ground, memoryMiB: MEMORY_MIB, network };
  const [cold, warm] = [makeStage(at), makeStage({ ...at, templates: templates.path })];
  const one = async (stage: Stage, [metric]: readonly Metric[]) => {
    const { started } = await stage.measure('mercury', 'ok');
    return { [metric?.name ?? '']: started };
  };
  const ten = async () => ({ [TEN[0]?.name ?? '']: await measureTogether(warm) });
  try {
    await makeTemplate(warm, templates);
    const alone = { ours: () => one(warm, ALONE), peer: () => one(cold, ALONE) };
    const together = { ours: ten, peer: () => one(cold, TEN) };
    return [
      ...getRows(await measurePair(alone, rounds), ALONE),
      ...getRows(await measurePair(together, rounds), TEN),
    ];
  } finally {
    await cold.dispose();
    await warm.dispose();
    await network.dispose();
    rmSync(home, { recursive: true });
  }
}

/**
 * Milliseconds from the first start to the last one's word. All of them stay until then: one that is gone would leave its
 * part of the host to the others.
 */
async function measureTogether(stage: Stage): Promise<number> {
  const everybody = new AbortController();
  let heard = 0;
  const enough = () => {
    heard += 1;
    if (heard === CLONES) everybody.abort();
    return pause(LONG_MS, everybody.signal);
  };
  const measure = (name: string) =>
    stage.measure(name, 'ok', enough).catch((error) => {
      // Nobody need wait for it, and all are removed before anything else goes.
      everybody.abort();
      throw error;
    });
  const all = await Promise.allSettled(
    Array.from({ length: CLONES }, (_, index) => measure(`clone${index}`)),
  );
  const there = all.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
  const startedAt = Math.min(...there.map(({ at, started }) => at - started));
  return Math.max(...there.map(({ at }) => at)) - startedAt;
}

/** A machine that is booted gives the occasion; whoever watches makes it. */
async function makeTemplate({ substrate, boot }: Stage, templates: TemplateStore): Promise<void> {
  const stop = new AbortController();
  const watching = substrate.watch(() => undefined, stop.signal);
  try {
    await boot('mercury');
    await templates.waitFor(1);
  } finally {
    stop.abort();
    await watching;
  }
}

/** As a user has it: their templates are of a supervisor that waits to be told whose it is. */
async function measureUps(ground: Ground, templates: TemplateStore, rounds: number): Promise<Row[]> {
  const limits = { cpus: 1, memory: MEMORY_MIB };
  const cold = makeWorld(ground, 1, { config: { limits, templates: false } });
  const warm = makeWorld({ ...ground, store: templates.path }, 2, { config: { limits } });
  const measure = async (restored: boolean) => {
    const world = restored ? warm : cold;
    const found = await up(world, 'mercury');
    await remove(world, 'mercury');
    if (found.restored !== restored) throw new Error(`${restored ? 'no' : 'a'} memory template was used`);
    const [commands = '', healthy = ''] = UP.map(({ name }) => name);
    return { [commands]: found.machineMs, [healthy]: found.healthyMs };
  };
  try {
    await up(warm, 'mercury');
    await templates.waitFor(2);
    await remove(warm, 'mercury');
    const pair = { ours: () => measure(true), peer: () => measure(false) };
    return getRows(await measurePair(pair, rounds), UP);
  } finally {
    await warm.dispose();
    await cold.dispose();
  }
}
