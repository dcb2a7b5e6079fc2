import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readMostOpenFiles } from '../../../packages/host/src/system/process-limits.ts';
import type { World } from '../../../packages/host/test/support/world.ts';
import { type Figures, measurePair } from '../pair.ts';
import { type Benchmark, getRows, type Row } from '../results.ts';
import { INSTALL, INSTALL_SCRIPT, parseTimed, SMALL, WORK, WORK_SCRIPT } from './files-script.ts';
import { findGround, type Ground } from './ground.ts';
import { writeNpmProject } from './npm-project.ts';
import { makeWorld, remove, up } from './worlds.ts';

const ROOT = join(import.meta.dir, '../../..');
const FOLDERS = 200;
const MOST_FILES_IN_EACH = 100;
/** Of the files that the server of a machine's folders may have open: the other work has files too. */
const SHARE = 0.62;
const MOST_TARBALL_BYTES = 100_000;
/** The peer: a volume, on the guest's own disk. */
const VOLUME = 'local';
const SIDES = { ours: '/workspace', peer: `/workspace/${VOLUME}/tree` } as const;
const NAME = 'mercury';

/** Work on many files in /workspace, beside the same work on the guest's own disk. */
export async function createFilesBenchmark(): Promise<Benchmark> {
  const ground = await findGround();
  const peer = `the guest's own disk (${ground.words})`;
  return { name: 'vm-files', peer, rounds: 5, run: (rounds) => run(ground, rounds) };
}

async function run(ground: Ground, rounds: number): Promise<Row[]> {
  const memory = mountTmpfs();
  const { TMPDIR } = process.env;
  process.env.TMPDIR = memory.folder;
  try {
    const config = { volumes: [VOLUME], templates: false, limits: { memory: 2048 } };
    const world = makeWorld(ground, 1, { config });
    try {
      return await measure(world, rounds);
    } finally {
      await world.dispose();
    }
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    memory.dispose();
  }
}

/** Clone and disk are both there: a disk of the host's own would be part of what is measured. */
function mountTmpfs() {
  const folder = mkdtempSync(join(tmpdir(), 'cspace-bench-'));
  const call = (...argv: string[]) => {
    const child = Bun.spawnSync(argv, { timeout: 30_000 });
    if (child.exitCode !== 0) throw new Error(`${argv.join(' ')}: ${child.stderr.toString()}`);
  };
  call('mount', '-t', 'tmpfs', '-o', 'size=6g,mode=0755', 'cspace-bench', folder);
  return {
    folder,
    dispose() {
      call('umount', folder);
      rmSync(folder, { recursive: true });
    },
  };
}

async function measure(world: World, rounds: number): Promise<Row[]> {
  const most = ((await readMostOpenFiles()) * SHARE) / FOLDERS;
  const filesInEach = Math.min(MOST_FILES_IN_EACH, Math.floor(most));
  makeTree(world, filesInEach);
  await up(world, NAME);
  await inside(world, [`git clone -q /workspace ${SIDES.peer}`]);
  const work = (side: keyof typeof SIDES) => async () => {
    await inside(world, ['sync; echo 3 >/proc/sys/vm/drop_caches'], '--root');
    return parseTimed(await inside(world, [`cd ${SIDES[side]}`, WORK_SCRIPT]), WORK);
  };
  const samples = await measurePair({ ours: work('ours'), peer: work('peer') }, rounds);
  const counts = `${SMALL.count} × ${SMALL.bytes} B`;
  const rows = getRows(
    samples,
    WORK.map((name) => ({ name, unit: 'ms' })),
  ).map((row) => {
    const what = row.metric.startsWith('git') ? `${FOLDERS * filesInEach} files` : counts;
    return { ...row, metric: `${row.metric}, ${what}` };
  });
  const installs = await measureInstalls(world, rounds);
  await remove(world, NAME);
  return [...rows, ...installs];
}

/** Two folders above are no part of what git sees: the volume, and what is installed. */
function makeTree({ repo, git }: World, filesInEach: number): void {
  for (let folder = 0; folder < FOLDERS; folder += 1) {
    const path = join(repo, `folder${folder}`);
    mkdirSync(path);
    for (let file = 0; file < filesInEach; file += 1)
      writeFileSync(join(path, `file${file}.ts`), `export const value = ${folder * filesInEach + file};\n`);
  }
  writeFileSync(join(repo, '.gitignore'), `/${VOLUME}/\n/small/\n/npm/\n`);
  git(['add', '-A']);
  git(['commit', '-qm', 'many files']);
}

/** Nothing, and a word of it, where npm's cache on this host has not what is installed: the lab has no way out. */
async function measureInstalls(world: World, rounds: number): Promise<Row[]> {
  const clone = join(world.home, 'clones/bench1', NAME);
  const cache = Bun.spawnSync(['npm', 'config', 'get', 'cache'], { timeout: 30_000 })
    .stdout.toString()
    .trim();
  const source = { lockFile: join(ROOT, 'package-lock.json'), cache, mostBytes: MOST_TARBALL_BYTES };
  let packages: number;
  try {
    packages = writeNpmProject(join(clone, 'npm'), source);
  } catch (error) {
    console.error(`  ${INSTALL}: left out: ${error instanceof Error ? error.message : error}`);
    return [];
  }
  await inside(world, [`cp -r /workspace/npm ${SIDES.peer}/npm`]);
  const install = (side: keyof typeof SIDES) => async (): Promise<Figures> =>
    parseTimed(await inside(world, [`cd ${SIDES[side]}`, INSTALL_SCRIPT]), [INSTALL]);
  // Minutes where it is emulated: one round to warm up.
  const samples = await measurePair({ ours: install('ours'), peer: install('peer') }, rounds, 1);
  const [row] = getRows(samples, [{ name: INSTALL, unit: 'ms' }]);
  return row ? [{ ...row, metric: `${INSTALL}, ${packages} packages` }] : [];
}

/** Runs it by bash, in /workspace; returns what it printed. */
async function inside(world: World, lines: readonly string[], ...options: string[]): Promise<string> {
  const script = lines.join('\n');
  const argv = ['exec', ...options, NAME, '--', 'bash', '-c', script];
  const { code, stdout, stderr } = await world.cspace(argv);
  if (code !== 0) throw new Error(`${script}: ${code}: ${stderr || stdout}`);
  return stdout;
}
