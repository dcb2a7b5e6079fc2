import type { Suite, Trial } from './suites.ts';

/** Test files for one call of `bun test`, and what is more in its environment. */
export interface Run {
  /** What it is tried with, where that is said. */
  with?: string;
  files: readonly string[];
  env: Readonly<Record<string, string>>;
  /** How much longer than others its tests may take. */
  slowness: number;
}

/** Runs of one lane come one after another, lanes at the same time, each in a lab of its own: they mostly wait. */
export type Lanes = readonly (readonly Run[])[];

/** As packages/host/test/support/substrate-under-test.ts has them: a guest that is emulated, a stand-in whose commands start others. */
const SLOWNESS = { qemu: 5, apple: 2 };

const plain = (files: readonly string[], slowness = 1): Run => ({ files, env: {}, slowness });

/** Without what has nothing to run: `bun test` without a file runs them all. */
const clean = (lanes: Lanes): Lanes =>
  lanes.map((runs) => runs.filter(({ files }) => files.length > 0)).filter((runs) => runs.length > 0);

/** Those of a suite: by what it makes of its files. The stand-in of Apple's `container` has its turn at the end of one. Pure. */
export function getLanes(files: readonly string[], suite: Pick<Suite, 'laneOf' | 'apple'>): Lanes {
  const { laneOf = () => '', apple } = suite;
  const others = apple ? files.filter((file) => !apple.isOwn(file)) : files;
  const more = (lane: string) =>
    apple?.beside.after === lane ? getAppleRuns(apple, apple.beside.trials, files) : [];
  return clean([...Map.groupBy(others, laneOf)].map(([lane, its]) => [plain(its), ...more(lane)]));
}

/** One lane, since guests that are emulated have the processor to themselves. Pure. */
export const getQemuLanes = (files: readonly string[], { qemu }: Pick<Suite, 'qemu'>): Lanes =>
  clean(qemu ? [[plain(files.filter(qemu.files), SLOWNESS.qemu)]] : []);

/** With the stand-in alone, in each of its versions. Pure. */
export const getAppleLanes = (files: readonly string[], { apple }: Pick<Suite, 'apple'>): Lanes =>
  clean(apple ? apple.alone.map((trials) => getAppleRuns(apple, trials, files)) : []);

type Apple = NonNullable<Suite['apple']>;

function getAppleRuns(
  { files: isTried }: Apple,
  trials: readonly Trial[],
  files: readonly string[],
): readonly Run[] {
  return trials.map(({ version, part }) => ({
    with: `apple ${version}`,
    files: files
      .filter((file) => isTried(file, version))
      .filter((_, at) => part === undefined || at % 2 === part),
    env: { CSPACE_TEST_SUBSTRATE: 'apple', CSPACE_TEST_APPLE_VERSION: version },
    slowness: SLOWNESS.apple,
  }));
}
