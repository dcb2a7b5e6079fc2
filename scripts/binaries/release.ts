/**
 * `npm run release -- URL HOMEPAGE`: all that a release has, into dist/release: an archive for each host, SHA256SUMS,
 * install.sh and the formula for Homebrew. Publishes nothing.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { VERSION } from '../../packages/protocol/src/version.ts';
import { formatSums, getArchiveName, render } from './render.ts';
import { TARGETS, type Target } from './targets.ts';

const ROOT = resolve(import.meta.dir, '../..');
const OUT = join(ROOT, 'dist/release');
const TIMEOUT_MS = 10 * 60_000;

function call(argv: string[], cwd = ROOT): void {
  const { exitCode, stderr } = Bun.spawnSync(argv, { cwd, timeout: TIMEOUT_MS, stdout: 'ignore' });
  if (exitCode !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
}

/** Returns its SHA-256. */
async function pack(target: Target): Promise<string> {
  const work = join(OUT, `.${target}`);
  await mkdir(work);
  call([join(ROOT, 'scripts/build'), '--target', target, join(work, 'cspace')]);
  await copyFile(join(ROOT, 'LICENSE'), join(work, 'LICENSE'));
  const archive = join(OUT, getArchiveName(target));
  call(['tar', '-czf', archive, 'cspace', 'LICENSE'], work);
  await rm(work, { recursive: true });
  return createHash('sha256')
    .update(await readFile(archive))
    .digest('hex');
}

const [releases, homepage] = process.argv.slice(2);
if (!releases || !homepage) {
  console.error('usage: npm run release -- URL HOMEPAGE');
  process.exit(2);
}
await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
const sums = {} as Record<Target, string>;
for (const target of Object.keys(TARGETS) as Target[]) sums[target] = await pack(target);
await writeFile(join(OUT, 'SHA256SUMS'), formatSums(sums));
for (const [from, to] of [
  ['install.sh', 'install.sh'],
  ['homebrew/cspace.rb', 'cspace.rb'],
] as const) {
  const template = await readFile(join(ROOT, 'packaging', from), 'utf8');
  await writeFile(join(OUT, to), render(template, { version: VERSION, releases, homepage, sums }));
}
console.log(OUT);
