// Runs one suite in the network namespace it is started in: census, bun test, census. Of several lanes all but the
// first are in a lab of their own, inside this one, with a census of its network. Arguments: one JSON of SuiteJob.
// Its answer is a file, since the output belongs to the tests.
import { writeFileSync } from 'node:fs';
import {
  type Census,
  type CensusOptions,
  type Finding,
  takeCensus,
  waitForNothingLeft,
} from '../../packages/host/test/support/census.ts';
import { type Ended, type Groups, runGroup, signalGroup } from './spawn.ts';

export interface SuiteJob {
  /** At the same time; commands of one come one after another. */
  lanes: [string, ...string[]][][];
  env: Record<string, string>;
  deadlineMs: number;
  /** None where root is out of reach: a plain user sees half of it. */
  census: CensusOptions | undefined;
  /** Where the answer goes. */
  answer: string;
}

export interface SuiteAnswer {
  code: number;
  timedOut: boolean;
  findings: Finding[];
  blind: Census['blind'];
}

const SETTLE_MS = 10_000;

/** Other users' processes, sockets and containers show to root alone. */
async function callAsRoot<T>(work: () => Promise<T>, question: Question): Promise<T> {
  if (process.getuid?.() === 0) return work();
  const child = Bun.spawn(['sudo', '-n', process.execPath, import.meta.path, JSON.stringify(question)], {
    stdout: 'pipe',
    timeout: SETTLE_MS + 60_000,
  });
  return JSON.parse(await new Response(child.stdout).text()) as T;
}

type Question = { before?: Census; census: CensusOptions };

async function answer({ before, census }: Question): Promise<unknown> {
  return before ? waitForNothingLeft(before, { ...census, deadlineMs: SETTLE_MS }) : takeCensus(census);
}

async function runSuite(job: SuiteJob): Promise<SuiteAnswer> {
  const { census } = job;
  const before = census && (await callAsRoot(() => takeCensus(census), { census }));
  const groups: Groups = new Set();
  process.once('SIGTERM', () => {
    for (const group of groups) signalGroup(group, 'SIGTERM');
  });
  const env = { ...job.env, CSPACE_LAB: process.env.CSPACE_LAB };
  const run = (argv: [string, ...string[]]) => runGroup(argv, { env, deadlineMs: job.deadlineMs }, groups);
  let isStopped = false;
  process.once('SIGTERM', () => {
    isStopped = true;
  });
  const all = (
    await Promise.all(
      job.lanes.map(async (commands) => {
        const ends: Ended[] = [];
        for (const argv of commands) if (!isStopped) ends.push(await run(argv));
        return ends;
      }),
    )
  ).flat();
  const ended = {
    code: all.find(({ code }) => code !== 0)?.code ?? 0,
    timedOut: all.some(({ timedOut }) => timedOut),
  };
  if (!census || !before) return { ...ended, findings: [], blind: [] };
  const after = await callAsRoot(() => waitForNothingLeft(before, { ...census, deadlineMs: SETTLE_MS }), {
    before,
    census,
  });
  return { ...ended, ...after };
}

const input = JSON.parse(process.argv[2] ?? '{}') as SuiteJob | Question;
if ('lanes' in input) writeFileSync(input.answer, JSON.stringify(await runSuite(input)));
else console.log(JSON.stringify(await answer(input)));
