export interface Suite {
  name: 'unit' | 'contract' | 'integration' | 'e2e';
  /** It boots sandboxes: setup and image come first, and it needs root. */
  boots: boolean;
  deadlineMs: number;
  /** For one test that sets no time of its own. */
  testTimeoutMs: number;
  /** By which files are put in lanes. */
  laneOf?: (file: string) => string;
  /** It tries every substrate; which of its files are those of qemu, which runs no others then. */
  qemu?: { files: (file: string) => boolean; deadlineMs: number };
  /** The same for the stand-in of Apple's `container`, beside the others as well. */
  apple?: {
    files: (file: string, version: string) => boolean;
    /** Those that nothing else is tried by. */
    isOwn: (file: string) => boolean;
    /** What is tried beside other substrates, one after another once that lane is through: two at a time are enough. */
    beside: { after: string; trials: readonly Trial[] };
    /** In each lane, where nothing else is tried. */
    alone: readonly (readonly Trial[])[];
    deadlineMs: number;
  };
}

/** With all files of a version, or every second one of them, from that one on. */
export interface Trial {
  version: string;
  part?: 0 | 1;
}

const MINUTE = 60_000;

/** The main path of microVMs and their templates, which the gate runs whatever other sandboxes are made of. */
const isMicrovmTest = (file: string): boolean => /\/(microvm|templates)\.test\.ts$/.test(file);

/** Of the stand-in for Apple's `container`, which has a bridge and machines of its own. */
const isStandInTest = (file: string): boolean => /\/stand-in[^/]*\.test\.ts$/.test(file);

/** What has a machine of Apple's `container` whatever else sandboxes are made of. */
const isAppleTest = (file: string): boolean => /\/(apple[a-z-]*|mac)\.test\.ts$/.test(file);

/**
 * Of another substrate, or of what only a Linux host has: the bridge, rules and cables of ours that `faults` takes away, and
 * the daemon that `plain-user` starts by sudo. On a Mac nothing is root's, as `mac` shows.
 */
const isForLinux = (file: string): boolean =>
  isMicrovmTest(file) || /\/(faults|plain-user)\.test\.ts$/.test(file);

/** What changes between versions is seen by the contract, and by these. */
const isForAllVersions = (file: string): boolean => /\/(main-path|names)\.test\.ts$/.test(file);

/** Mutations are of one version: what they change is the same in all. */
const LAST = '1.2.2';

export const SUITES: readonly Suite[] = [
  { name: 'unit', boots: false, deadlineMs: 8 * MINUTE, testTimeoutMs: 20_000 },
  {
    name: 'contract',
    boots: true,
    deadlineMs: 40 * MINUTE,
    testTimeoutMs: 60_000,
    laneOf: (file) => (file.endsWith('/qemu.test.ts') ? 'microvm' : 'all others'),
    qemu: { files: (file) => file.endsWith('/qemu.test.ts'), deadlineMs: 30 * MINUTE },
    apple: {
      files: (file, version) => isAppleTest(file) && (version === LAST || !file.includes('mutations')),
      isOwn: isAppleTest,
      beside: {
        after: 'all others',
        trials: [{ version: '1.0.0' }, { version: '1.2.0' }, { version: LAST }],
      },
      alone: [[{ version: '1.0.0' }, { version: '1.2.0' }], [{ version: LAST }]],
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
    deadlineMs: 50 * MINUTE,
    testTimeoutMs: 120_000,
    laneOf: (file) => (isMicrovmTest(file) ? 'microvm' : 'all others'),
    qemu: { files: () => true, deadlineMs: 120 * MINUTE },
    apple: {
      files: (file, version) => (version === LAST ? !isForLinux(file) : isForAllVersions(file)),
      isOwn: isAppleTest,
      beside: { after: 'microvm', trials: [{ version: LAST }] },
      alone: [
        [{ version: LAST, part: 0 }],
        [{ version: LAST, part: 1 }, { version: '1.0.0' }, { version: '1.2.0' }],
      ],
      deadlineMs: 20 * MINUTE,
    },
  },
];

const SUITE_FOLDER = /^packages\/[^/]+\/test\/(contract|integration|e2e)\//;

/** Which suite a test file belongs to, by its folder; all that is in none of the three is a unit test. Pure. */
export function getSuiteName(file: string): Suite['name'] {
  return (SUITE_FOLDER.exec(file)?.[1] ?? 'unit') as Suite['name'];
}

/** The suite as it is where sandboxes are of that kind alone. Pure. */
export function getSuiteOf(suite: Suite, kind: 'qemu' | 'apple'): Suite {
  return { ...suite, deadlineMs: suite[kind]?.deadlineMs ?? suite.deadlineMs };
}

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
