/**
 * `npm run check:binaries`: builds the standalone binaries for other hosts, and reads in them what they are, which libraries
 * they ask for, whether the signature holds, and each file of the image. Needs the npm registry, for Bun of those hosts.
 */
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { writeImageFiles } from '../bundle.ts';
import { judgeProgram } from './judge.ts';
import type { Target } from './targets.ts';

const BUILD = resolve(import.meta.dir, '../build');
const TIMEOUT_MS = 10 * 60_000;
const OTHERS: readonly Target[] = ['darwin-arm64', 'linux-arm64'];

/** The files of the image that are not in the binary, byte for byte. */
async function findMissing(binary: Buffer, folder: string, paths: readonly string[]): Promise<string[]> {
  const missing: string[] = [];
  for (const path of paths) {
    const bytes = await readFile(join(folder, path));
    if (bytes.length > 0 && !binary.includes(bytes)) missing.push(path);
  }
  return missing;
}

async function check(target: Target, work: string, paths: readonly string[]): Promise<number> {
  const file = join(work, `cspace-${target}`);
  const built = Bun.spawnSync([BUILD, '--target', target, file], { timeout: TIMEOUT_MS });
  if (built.exitCode !== 0) throw new Error(`${target}: ${built.stderr}`);
  const bytes = await readFile(file);
  const { facts, faults } = judgeProgram(bytes, target);
  console.log(`${target}: ${facts}`);
  const missing = await findMissing(bytes, join(work, 'image'), paths);
  console.log(`${target}: ${paths.length - missing.length} of ${paths.length} files of the image are in it`);
  const all = [...faults, ...missing.map((path) => `${path} is not in it`)];
  for (const fault of all) console.error(`${target}: ${fault}`);
  return all.length;
}

const work = await realpath(await mkdtemp(join(tmpdir(), 'cspace-binaries-')));
try {
  const paths = await writeImageFiles(join(work, 'image'), AbortSignal.timeout(TIMEOUT_MS));
  let faults = 0;
  for (const target of OTHERS) faults += await check(target, work, paths);
  console.log(faults === 0 ? 'binaries: ok' : `binaries: ${faults} faults`);
  process.exitCode = faults === 0 ? 0 : 1;
} finally {
  await rm(work, { recursive: true, force: true });
}
