// npm run bench: runs benchmarks by name, all of them by default, prints a table and writes bench/results.json.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createDnsBenchmark } from './dns/dns.ts';
import { describeMachine } from './machine.ts';
import { type Benchmark, formatRow, writeResult } from './results.ts';

const RESULTS = join(import.meta.dir, '../../bench/results.json');
const ROUNDS = 15;

/** Each finds what it needs, or throws what is missing, when it is made. */
const BENCHMARKS: Record<string, () => Benchmark> = { dns: createDnsBenchmark };

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string' } },
  allowPositionals: true,
});
const names = positionals.length > 0 ? positionals : Object.keys(BENCHMARKS);
const rounds = Number(values.rounds ?? ROUNDS);
const unknown = names.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0 || !Number.isSafeInteger(rounds) || rounds < 1) {
  console.error(`bench: [NAME…] [--rounds N]; there are ${Object.keys(BENCHMARKS).join(', ')}`);
  process.exit(2);
}

console.log(JSON.stringify(describeMachine()));
for (const name of names) {
  const benchmark = BENCHMARKS[name]?.();
  if (!benchmark) continue;
  console.log(`${name}, beside ${benchmark.peer}: median / p90 / p99`);
  const rows = await benchmark.run(rounds);
  for (const row of rows) console.log(formatRow(row));
  writeResult(RESULTS, benchmark, rows);
}
