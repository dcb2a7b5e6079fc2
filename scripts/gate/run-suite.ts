import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CensusOptions } from '../../packages/host/test/support/census.ts';
import { NETWORK_KINDS } from '../../packages/host/test/support/census.ts';
import { NO_OUTCOME, type Outcome, parseJunit, sumOutcomes } from './junit.ts';
import type { Lanes, Run } from './lanes.ts';
import { type Groups, runGroup } from './spawn.ts';
import type { SuiteAnswer, SuiteJob } from './suite.ts';
import type { Suite } from './suites.ts';
import { getTroubles } from './troubles.ts';
import { createWorld, removeWorld } from './world.ts';

export interface SuiteOptions {
  lanes: Lanes;
  /** More arguments of `bun test`, such as `-t NAME`. */
  extra: readonly string[];
  env: Record<string, string | undefined>;
  /** Run in a network namespace of its own, and take the census: both need root. */
  lab: boolean;
  /** Nothing may be skipped that a package could bring. */
  ci: boolean;
  groups: Groups;
}

export interface SuiteResult {
  outcome: Outcome;
  /** What came of those runs that say what they are with. */
  parts: { with: string; outcome: Outcome }[];
  /** What is wrong beside failed tests, each a line for people. */
  troubles: string[];
}

/** Time for the census before and after, on top of the tests' own. */
const CENSUS_MS = 60_000;

/** Runs one suite in a world of its own and reads its report. Every trouble counts as a failure. */
export async function runSuite(suite: Suite, options: SuiteOptions): Promise<SuiteResult> {
  const world = createWorld(suite.name, options.env);
  try {
    const { lanes } = options;
    const getReportFile = (n: number, m: number) => join(world.folder, `junit-${n}-${m}.xml`);
    const answers = lanes.map((_, n) => join(world.folder, `answer-${n}.json`));
    const getJob = (n: number, census: CensusOptions): Omit<SuiteJob, 'lanes'> => ({
      env: world.env,
      deadlineMs: suite.deadlineMs,
      census: options.lab ? census : undefined,
      answer: answers[n] ?? '',
    });
    const job: SuiteJob = {
      lanes: lanes.map((runs, n) => {
        const commands = runs.map((run, m) =>
          getTestCommand(suite, { run, extra: options.extra, report: getReportFile(n, m) }),
        );
        // The first has the suite's own lab, in which the census is taken; the others' see the network there.
        if (!options.lab || n === 0) return commands;
        const census = { lab: true, folders: [], kinds: NETWORK_KINDS };
        const lane: SuiteJob = { ...getJob(n, census), lanes: [commands] };
        return [['env', 'CSPACE_LAB_STRICT=1', 'scripts/lab', ...getSuiteCommand(lane)]];
      }),
      ...getJob(0, { lab: true, folders: [world.temporary] }),
    };
    const inside = getSuiteCommand(job);
    const ended = await runGroup(
      options.lab ? ['scripts/lab', ...inside] : inside,
      { env: world.env, deadlineMs: suite.deadlineMs + CENSUS_MS },
      options.groups,
    );
    const reported = lanes.flatMap((runs, n) =>
      runs.map((run, m) => ({ ...run, outcome: readReport(getReportFile(n, m), run, options) })),
    );
    const outcome = sumOutcomes(reported.map((one) => one.outcome));
    const answer = readAnswers(options.lab ? answers : answers.slice(0, 1));
    const troubles = answer
      ? getTroubles(answer, reported, options)
      : [`it gave no answer (ended with ${ended.code}${ended.timedOut ? ', deadline' : ''})`];
    if (existsSync(`/run/netns/cspace-lab-${ended.pid}`)) troubles.push('its lab is still there');
    const parts = reported.flatMap(({ with: what, outcome }) =>
      what === undefined ? [] : [{ with: what, outcome }],
    );
    return { outcome, parts, troubles };
  } finally {
    removeWorld(world);
  }
}

function getSuiteCommand(job: SuiteJob): [string, ...string[]] {
  return [process.execPath, 'scripts/gate/suite.ts', JSON.stringify(job)];
}

/** One answer of all lanes; undefined where one gave none. */
function readAnswers(paths: readonly string[]): SuiteAnswer | undefined {
  if (!paths.every((path) => existsSync(path))) return undefined;
  const answers = paths.map((path) => JSON.parse(readFileSync(path, 'utf8')) as SuiteAnswer);
  return {
    code: answers.find(({ code }) => code !== 0)?.code ?? 0,
    timedOut: answers.some(({ timedOut }) => timedOut),
    findings: answers.flatMap(({ findings }) => findings),
    blind: answers.flatMap(({ blind }) => blind),
  };
}

function readReport(path: string, { with: what }: Run, { extra }: Pick<SuiteOptions, 'extra'>): Outcome {
  if (!existsSync(path)) return NO_OUTCOME;
  const outcome = parseJunit(readFileSync(path, 'utf8'));
  // Of a choice by name all others are reported as skipped.
  const skipped = extra.length > 0 ? [] : outcome.skipped;
  const say = (name: string) => (what === undefined ? name : `${what}: ${name}`);
  return {
    ...outcome,
    skipped: skipped.map(say),
    failures: outcome.failures.map((one) => ({ ...one, name: say(one.name) })),
  };
}

interface TestCommand {
  run: Run;
  extra: readonly string[];
  report: string;
}

function getTestCommand(suite: Suite, { run, extra, report }: TestCommand): [string, ...string[]] {
  return [
    'env',
    ...Object.entries(run.env).map(([name, value]) => `${name}=${value}`),
    process.execPath,
    '--no-env-file',
    'test',
    `--timeout=${suite.testTimeoutMs * run.slowness}`,
    '--isolate',
    '--reporter=junit',
    `--reporter-outfile=${report}`,
    ...extra,
    ...run.files.map((file) => `./${file}`),
  ];
}
