export interface Suite {
  name: 'unit' | 'contract' | 'integration' | 'e2e';
  /** It boots sandboxes: setup and image come first, and it needs root. */
  boots: boolean;
  deadlineMs: number;
  /** For one test that sets no time of its own. */
  testTimeoutMs: number;
  /** Files of one lane run one after another, lanes at the same time, each in a lab of its own: they mostly wait. */
  laneOf?: (file: string) => string;
  /** It tries every substrate; which of its files are those of qemu, which runs no others then. */
  qemu?: TriedAlone;
  /** The same for the stand-in of Apple's `container`, once for each of the versions. */
  apple?: TriedAlone & { versions: readonly string[] };
}

interface TriedAlone {
  files: (file: string) => boolean;
  deadlineMs: number;
}

const MINUTE = 60_000;

/** The main path of microVMs and their templates, which the gate runs whatever other sandboxes are made of. */
const isMicrovmTest = (file: string): boolean => /\/(microvm|templates)\.test\.ts$/.test(file);

/** Of the stand-in for Apple's `container`, which has a bridge and machines of its own. */
const isStandInTest = (file: string): boolean => /\/stand-in[^/]*\.test\.ts$/.test(file);

/** What is no matter of our own bridge, and of how else a Linux host may be. */
const APPLE_FILES = ['main-path', 'names', 'forwarding', 'inside'];

export const SUITES: readonly Suite[] = [
  { name: 'unit', boots: false, deadlineMs: 8 * MINUTE, testTimeoutMs: 20_000 },
  {
    name: 'contract',
    boots: true,
    deadlineMs: 30 * MINUTE,
    testTimeoutMs: 60_000,
    laneOf: (file) => (file.endsWith('/qemu.test.ts') ? 'microvm' : 'all others'),
    qemu: { files: (file) => file.endsWith('/qemu.test.ts'), deadlineMs: 30 * MINUTE },
    apple: {
      versions: ['1.0.0', '1.2.0', '1.2.2'],
      files: (file) => /\/apple[a-z-]*\.test\.ts$/.test(file),
      deadlineMs: 20 * MINUTE,
    },
  },
  {
    name: 'integration',
    boots: true,
    deadlineMs: 15 * MINUTE,
    testTimeoutMs: 60_000,
    laneOf: (file) => (isStandInTest(file) ? 'stand-in' : file.split('/', 2).join('/')),
  },
  {
    name: 'e2e',
    boots: true,
    deadlineMs: 30 * MINUTE,
    testTimeoutMs: 120_000,
    laneOf: (file) => (isMicrovmTest(file) ? 'microvm' : 'all others'),
    qemu: { files: () => true, deadlineMs: 120 * MINUTE },
    apple: {
      versions: ['1.2.2'],
      files: (file) => APPLE_FILES.some((name) => file.endsWith(`/${name}.test.ts`)),
      deadlineMs: 40 * MINUTE,
    },
  },
];

const SUITE_FOLDER = /^packages\/[^/]+\/test\/(contract|integration|e2e)\//;

/** Which suite a test file belongs to, by its folder; all that is in none of the three is a unit test. Pure. */
export function getSuiteName(file: string): Suite['name'] {
  return (SUITE_FOLDER.exec(file)?.[1] ?? 'unit') as Suite['name'];
}

/** The files of each lane; all of them, where the suite has none. Pure. */
export function getLanes(files: readonly string[], { laneOf }: Pick<Suite, 'laneOf'>): string[][] {
  if (!laneOf) return [[...files]];
  return [...Map.groupBy(files, laneOf).values()];
}

/** Emulated sandboxes are five times slower, as packages/host/test/support/substrate-under-test.ts has it too. */
const EMULATION = 5;

/** The suite as it is where sandboxes are microVMs, and those of its files that are about them; one lane, since guests have the processor to themselves. Pure. */
export function getQemuSuite(suite: Suite, files: readonly string[]): { suite: Suite; files: string[] } {
  const { laneOf: _, ...rest } = suite;
  const { qemu, deadlineMs, testTimeoutMs } = suite;
  return {
    suite: {
      ...rest,
      deadlineMs: qemu?.deadlineMs ?? deadlineMs,
      testTimeoutMs: testTimeoutMs * EMULATION,
    },
    files: files.filter((file) => qemu?.files(file)),
  };
}

/** The suite as it is with one version of the stand-in; undefined where it has nothing for it. Pure. */
export function getAppleSuites(
  suite: Suite,
  files: readonly string[],
): { suite: Suite; files: string[]; version: string }[] {
  const { apple } = suite;
  if (!apple) return [];
  return apple.versions.map((version) => ({
    suite: { ...suite, deadlineMs: apple.deadlineMs, testTimeoutMs: suite.testTimeoutMs * STAND_IN },
    // Mutations are of one version: what they change is the same in all.
    files: files.filter((file) => apple.files(file) && (version === LAST || !file.includes('mutations'))),
    version,
  }));
}

/** Each command of the stand-in is a program that starts others. */
const STAND_IN = 2;
const LAST = '1.2.2';

/** Test files of the working tree, by suite: tracked ones and new ones alike, ignored ones not. Sorted. */
export function findTestFiles(root: string): Map<Suite['name'], string[]> {
  const files = new Map<Suite['name'], string[]>(SUITES.map(({ name }) => [name, []]));
  for (const folder of ['packages', 'scripts', 'image']) {
    const found = new Bun.Glob('**/*.test.ts').scanSync({ cwd: `${root}/${folder}`, onlyFiles: true });
    for (const file of found) {
      if (file.includes('node_modules/')) continue;
      const path = `${folder}/${file}`;
      files.get(getSuiteName(path))?.push(path);
    }
  }
  for (const list of files.values()) list.sort();
  return files;
}

/** Why this machine cannot boot sandboxes at all; undefined where it can try. */
export function getBootObstacle(host: {
  platform: string;
  root: boolean;
  sudo: boolean;
}): string | undefined {
  if (host.platform !== 'linux') return `sandboxes run on Linux only so far, this is ${host.platform}`;
  if (!host.root && !host.sudo) return 'needs root, or sudo without a password';
  return undefined;
}
