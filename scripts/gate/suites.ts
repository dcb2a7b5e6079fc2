export interface Suite {
  name: 'unit' | 'contract' | 'integration' | 'e2e';
  /** It boots sandboxes: setup and image come first, and it needs root. */
  boots: boolean;
  deadlineMs: number;
  /** For one test that sets no time of its own. */
  testTimeoutMs: number;
  /** The files of each package run beside those of the others: they mostly wait. Only the first may make links and rules. */
  lanes?: true;
}

const MINUTE = 60_000;

export const SUITES: readonly Suite[] = [
  { name: 'unit', boots: false, deadlineMs: 4 * MINUTE, testTimeoutMs: 20_000 },
  { name: 'contract', boots: true, deadlineMs: 4 * MINUTE, testTimeoutMs: 60_000 },
  {
    name: 'integration',
    boots: true,
    deadlineMs: 10 * MINUTE,
    testTimeoutMs: 60_000,
    lanes: true,
  },
  { name: 'e2e', boots: true, deadlineMs: 20 * MINUTE, testTimeoutMs: 120_000 },
];

const SUITE_FOLDER = /^packages\/[^/]+\/test\/(contract|integration|e2e)\//;

/** Which suite a test file belongs to, by its folder; all that is in none of the three is a unit test. Pure. */
export function getSuiteName(file: string): Suite['name'] {
  return (SUITE_FOLDER.exec(file)?.[1] ?? 'unit') as Suite['name'];
}

/** The files that run one after another; all of them, or those of each package. Pure. */
export function getLanes(files: readonly string[], suite: Pick<Suite, 'lanes'>): string[][] {
  if (!suite.lanes) return [[...files]];
  const lanes = Map.groupBy(files, (file) => file.split('/', 2).join('/'));
  return [...lanes.values()];
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
