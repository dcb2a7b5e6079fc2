// npm run bench: runs benchmarks by name, all of them by default, prints a table and writes bench/results.json.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createDnsBenchmark } from './dns/dns.ts';
import { describeMachine } from './machine.ts';
import { type Benchmark, formatRow, writeResult } from './results.ts';
import { createColdBenchmark } from './vm/cold.ts';
import { createDensityBenchmark } from './vm/density.ts';
import { createFilesBenchmark } from './vm/files.ts';
import { createWarmBenchmark } from './vm/warm.ts';

const RESULTS = join(import.meta.dir, '../../bench/results.json');
const ROUNDS = 15;

interface Entry {
  /** What the host must have. */
  needs: string;
  /** Finds what it needs, or throws what is missing. */
  create: () => Benchmark | Promise<Benchmark>;
}

const VM_NEEDS = 'root, `cspace setup --substrate qemu` and `cspace image build --substrate qemu`';
const BENCHMARKS: Record<string, Entry> = {
  dns: { needs: 'apt-get install dnsmasq-base dnsperf', create: createDnsBenchmark },
  'vm-cold': { needs: VM_NEEDS, create: createColdBenchmark },
  'vm-warm': { needs: VM_NEEDS, create: createWarmBenchmark },
  'vm-density': { needs: `${VM_NEEDS}, and podman`, create: createDensityBenchmark },
  'vm-files': { needs: VM_NEEDS, create: createFilesBenchmark },
};

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string' } },
  allowPositionals: true,
});
const names = positionals.length > 0 ? positionals : Object.keys(BENCHMARKS);
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
const unknown = names.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0 || (rounds !== undefined && !(Number.isSafeInteger(rounds) && rounds >= 1))) {
  console.error('bench: [NAME…] [--rounds N]; there are, with what each needs:');
  for (const [name, { needs }] of Object.entries(BENCHMARKS)) console.error(`  ${name.padEnd(10)} ${needs}`);
  process.exit(2);
}

console.log(JSON.stringify(describeMachine()));
for (const name of names) {
  const benchmark = await find(name);
  if (!benchmark) continue;
  console.log(`${name}, beside ${benchmark.peer}: median / p90 / p99`);
  const rows = await benchmark.run(rounds ?? benchmark.rounds ?? ROUNDS);
  for (const row of rows) console.log(formatRow(row));
  writeResult(RESULTS, benchmark, rows);
}

/** Undefined, with exit code 3, where this host lacks something; the others run. */
async function find(name: string): Promise<Benchmark | undefined> {
  try {
    return await BENCHMARKS[name]?.create();
  } catch (error) {
    console.error(`${name}: not run: ${error instanceof Error ? error.message : error}`);
    console.error(`  it needs ${BENCHMARKS[name]?.needs}`);
    process.exitCode = 3;
    return undefined;
  }
}
