import { readFileSync, writeFileSync } from 'node:fs';
import { describeMachine, type Machine } from './machine.ts';
import type { Samples } from './pair.ts';
import { getMedian, getQuantile, getRatio, type Ratio } from './stats.ts';

/** What a ratio should be: at most or at least, by whether small is good. */
export interface Goal {
  better: 'higher' | 'lower';
  goal: number;
  stretch: number;
}

export interface Summary {
  n: number;
  median: number;
  p90: number;
  /** Where there are a hundred values or more. */
  p99?: number;
}

export interface Row {
  metric: string;
  unit: string;
  ours: Summary;
  peer: Summary;
  ratio: Ratio;
  goal?: Goal;
}

export interface Result {
  name: string;
  peer: string;
  machine: Machine;
  rows: Row[];
}

/** A benchmark by its name in bench/README.md. */
export interface Benchmark {
  name: string;
  /** Who is measured beside us, with the version. */
  peer: string;
  /** How many rounds count where nobody says how many: fewer where one takes seconds. */
  rounds?: number;
  run(rounds: number): Promise<Row[]>;
}

export interface Metric {
  name: string;
  unit: string;
  goal?: Goal;
}

function summarize(values: readonly number[]): Summary {
  const [median, p90] = [getMedian(values), getQuantile(values, 0.9)];
  return {
    n: values.length,
    median,
    p90,
    ...(values.length < 100 ? {} : { p99: getQuantile(values, 0.99) }),
  };
}

/** A row for each metric that was measured on both sides. */
export function getRows(samples: Samples, metrics: readonly Metric[]): Row[] {
  return metrics.flatMap(({ name, unit, goal }) => {
    const [ours, peer] = [samples.ours[name], samples.peer[name]];
    if (!ours || !peer) return [];
    const ratio = getRatio(ours, peer);
    return [
      { metric: name, unit, ours: summarize(ours), peer: summarize(peer), ratio, ...(goal ? { goal } : {}) },
    ];
  });
}

/** How a row stands to its goal. */
export function judge({ ratio, goal }: Row): 'stretch' | 'goal' | 'missed' | '' {
  if (!goal) return '';
  const reaches = (wanted: number) =>
    goal.better === 'higher' ? ratio.value >= wanted : ratio.value <= wanted;
  if (reaches(goal.stretch)) return 'stretch';
  return reaches(goal.goal) ? 'goal' : 'missed';
}

const round = (value: number) => Number(value.toPrecision(4));

/** The file with this result in place of the former one of its name; all others stay. */
export function writeResult(path: string, { name, peer }: Benchmark, rows: readonly Row[]): void {
  const result: Result = { name, peer, machine: describeMachine(), rows: [...rows] };
  const others = readResults(path).filter((one) => one.name !== name);
  const all = [...others, result].sort((a, b) => a.name.localeCompare(b.name));
  const text = JSON.stringify(all, (_, value) => (typeof value === 'number' ? round(value) : value), 2);
  writeFileSync(path, `${text}\n`);
}

function readResults(path: string): Result[] {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Result[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** For people. */
export function formatRow(row: Row): string {
  const { metric, unit, ours, peer, ratio } = row;
  const of = ({ median, p90, p99 }: Summary) =>
    [median, p90, ...(p99 === undefined ? [] : [p99])].map((value) => round(value)).join(' / ');
  const [low, high] = ratio.interval;
  return `  ${metric} (${unit}, n=${ours.n}): ours ${of(ours)}, peer ${of(peer)}, ratio ${ratio.value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}] ${judge(row)}`;
}
