import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NO_OUTCOME, type Outcome, parseJunit, sumOutcomes } from './junit.ts';
import { type Groups, runGroup } from './spawn.ts';
import type { SuiteAnswer, SuiteJob } from './suite.ts';
import { getLanes, type Suite } from './suites.ts';
import { getTroubles } from './troubles.ts';
import { createWorld, removeWorld } from './world.ts';

export interface SuiteOptions {
  files: readonly string[];
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
  /** What is wrong beside failed tests, each a line for people. */
  troubles: string[];
}

/** Time for the census before and after, on top of the tests' own. */
const CENSUS_MS = 60_000;

/** Runs one suite in a world of its own and reads its report. Every trouble counts as a failure. */
export async function runSuite(suite: Suite, options: SuiteOptions): Promise<SuiteResult> {
  const world = createWorld(suite.name, options.env);
  try {
    const lanes = getLanes(options.files, suite);
    const reports = lanes.map((_, n) => join(world.folder, `junit-${n}.xml`));
    const answer = join(world.folder, 'answer.json');
    const job: SuiteJob = {
      lanes: lanes.map((files, n) => {
        const command = getTestCommand(suite, { ...options, files }, reports[n] ?? '');
        // The first has the suite's own lab, in which the census is taken.
        return options.lab && n > 0 ? ['env', 'CSPACE_LAB_STRICT=1', 'scripts/lab', ...command] : command;
      }),
      env: world.env,
      deadlineMs: suite.deadlineMs,
      census: options.lab ? { lab: true, folders: [world.temporary] } : undefined,
      answer,
    };
    const inside: [string, ...string[]] = [process.execPath, 'scripts/gate/suite.ts', JSON.stringify(job)];
    const ended = await runGroup(
      options.lab ? ['scripts/lab', ...inside] : inside,
      { env: world.env, deadlineMs: suite.deadlineMs + CENSUS_MS },
      options.groups,
    );
    const reported = sumOutcomes(reports.map(readReport));
    // Of a choice by name all others are reported as skipped.
    const outcome = options.extra.length > 0 ? { ...reported, skipped: [] } : reported;
    const troubles = existsSync(answer)
      ? getTroubles(JSON.parse(readFileSync(answer, 'utf8')) as SuiteAnswer, outcome, options)
      : [`it gave no answer (ended with ${ended.code}${ended.timedOut ? ', deadline' : ''})`];
    if (existsSync(`/run/netns/cspace-lab-${ended.pid}`)) troubles.push('its lab is still there');
    return { outcome, troubles };
  } finally {
    removeWorld(world);
  }
}

function readReport(path: string): Outcome {
  return existsSync(path) ? parseJunit(readFileSync(path, 'utf8')) : NO_OUTCOME;
}

function getTestCommand(suite: Suite, options: SuiteOptions, report: string): [string, ...string[]] {
  return [
    process.execPath,
    '--no-env-file',
    'test',
    `--timeout=${suite.testTimeoutMs}`,
    '--isolate',
    '--reporter=junit',
    `--reporter-outfile=${report}`,
    ...options.extra,
    ...options.files.map((file) => `./${file}`),
  ];
}
