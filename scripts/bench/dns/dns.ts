import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measurePair } from '../pair.ts';
import { type Benchmark, getRows, type Metric, type Row } from '../results.ts';
import { measureSaturated } from './dnsperf.ts';
import { CHANGING, getQueries } from './names.ts';
import { measureSerial } from './serial.ts';
import { type Server, startDnsmasq, startOurs } from './servers.ts';
import { measureVisibility } from './visibility.ts';

const QPS = { better: 'higher', goal: 0.6, stretch: 0.9 } as const;
const P99 = { better: 'lower', goal: 1.5, stretch: 1.2 } as const;
const METRICS: readonly Metric[] = [
  { name: 'serial qps', unit: 'queries/s', goal: QPS },
  { name: 'serial p50', unit: 'ms' },
  { name: 'serial p99', unit: 'ms', goal: P99 },
  { name: 'saturated qps', unit: 'queries/s', goal: QPS },
  { name: 'saturated p99', unit: 'ms', goal: P99 },
];
const CHANGE_MS = 100;
/** Of changes, each looked for; enough for a p99. */
const CHANGES = 100;

/** Benchmark 10: 100 names, A, AAAA and misses, while they stay and while one changes ten times a second. */
export function createDnsBenchmark(): Benchmark {
  for (const program of ['dnsmasq', 'dnsperf'])
    if (Bun.which(program) === null)
      throw new Error(`${program} is missing: apt-get install dnsmasq-base dnsperf`);
  return { name: 'dns', peer: getVersion(), run };
}

function getVersion(): string {
  const child = Bun.spawnSync(['dnsmasq', '--version'], { timeout: 5000 });
  return /^Dnsmasq version [\d.]+/i.exec(child.stdout.toString())?.[0] ?? 'dnsmasq';
}

async function run(rounds: number): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cspace-bench-'));
  const queries = join(folder, 'queries');
  writeFileSync(queries, getQueries());
  const ours = await startOurs(folder);
  const peer = await startDnsmasq(folder);
  const load = async ({ port }: Server) => ({
    ...(await measureSerial(port)),
    ...(await measureSaturated({ port, queries, output: join(folder, 'output') })),
  });
  try {
    const still = await measurePair({ ours: () => load(ours), peer: () => load(peer) }, rounds);
    const changing = await measurePair(
      { ours: () => whileChanging(ours, load), peer: () => whileChanging(peer, load) },
      rounds,
    );
    let n = 0;
    const see = async (server: Server) => {
      await Bun.sleep(CHANGE_MS / 2);
      return { 'change visible after': await measureVisibility(server, getAddress(n++ >> 1)) };
    };
    const seen = await measurePair({ ours: () => see(ours), peer: () => see(peer) }, CHANGES);
    return [
      ...getRows(still, METRICS),
      ...getRows(changing, METRICS).map((row) => ({ ...row, metric: `${row.metric}, names changing` })),
      ...getRows(seen, [{ name: 'change visible after', unit: 'ms' }]),
    ];
  } finally {
    await Promise.all([ours.end(), peer.end()]);
    rmSync(folder, { recursive: true });
  }
}

const getAddress = (n: number) => CHANGING.addresses[(n + 1) % 2] ?? '';

async function whileChanging<T>(server: Server, work: (server: Server) => Promise<T>): Promise<T> {
  let n = 0;
  const timer = setInterval(() => server.change(getAddress(n++)), CHANGE_MS);
  try {
    return await work(server);
  } finally {
    clearInterval(timer);
    // The same for whoever comes next.
    server.change(CHANGING.addresses[0]);
  }
}
