import { readFileSync, rmSync } from 'node:fs';
import type { Figures } from '../pair.ts';
import { getQuantile } from '../stats.ts';

export interface Load {
  port: number;
  /** Of queries, as dnsperf(1) reads them. */
  queries: string;
  /** Scratch file for what it prints: a pipe would take part in the race. */
  output: string;
  /** Queries under way at the same time. */
  outstanding: number;
  clients: number;
  seconds: number;
  /** The time of every single query; costs both sides some of their rate. */
  latencies: boolean;
}

const GRACE_MS = 20_000;

/** One run of dnsperf. Throws where queries were lost, or answers have other codes than they should. */
export async function runDnsperf(load: Load): Promise<{ qps: number; latencies: number[] }> {
  const { port, queries, output, outstanding, clients, seconds, latencies } = load;
  const options = [
    '-s',
    '127.0.0.1',
    '-p',
    port,
    '-d',
    queries,
    '-l',
    seconds,
    '-q',
    outstanding,
    '-c',
    clients,
    '-T',
    1,
  ];
  // Bun opens it without emptying it.
  rmSync(output, { force: true });
  const child = Bun.spawn(['dnsperf', ...options.map(String), ...(latencies ? ['-v'] : [])], {
    stdin: 'ignore',
    stdout: Bun.file(output),
    stderr: 'ignore',
    timeout: seconds * 1000 + GRACE_MS,
  });
  await child.exited;
  return parseDnsperf(readFileSync(output, 'utf8'));
}

export function parseDnsperf(text: string): { qps: number; latencies: number[] } {
  const qps = Number(/Queries per second:\s+([\d.]+)/.exec(text)?.[1]);
  const lost = Number(/Queries lost:\s+(\d+)/.exec(text)?.[1]);
  const codes = /Response codes:\s+(.*)/.exec(text)?.[1] ?? '';
  // Both kinds, and no other: a server that refuses is fast.
  if (!(qps > 0) || lost > 0 || !/^NOERROR \d+ \([\d.]+%\), NXDOMAIN \d+ \([\d.]+%\)$/.test(codes))
    throw new Error(`dnsperf: ${qps} a second, ${lost} lost, ${codes}`);
  const latencies = [...text.matchAll(/^> \S+ \S+ \S+ ([\d.]+)$/gm)].map((match) => Number(match[1]) * 1000);
  return { qps, latencies };
}

/** Rate and latency with as many queries as the server takes. */
export async function measureSaturated(base: Pick<Load, 'port' | 'queries' | 'output'>): Promise<Figures> {
  const load = { ...base, outstanding: 100, clients: 8, seconds: 1 };
  const { qps } = await runDnsperf({ ...load, latencies: false });
  const { latencies } = await runDnsperf({ ...load, latencies: true });
  return { 'saturated qps': qps, 'saturated p99': getQuantile(latencies, 0.99) };
}
