/**
 * Compiles the CLI and the image's files into one standalone binary: `build.ts [--target TARGET] [FILE]`, of this host's kind
 * as dist/cspace-linux-x64 and so on, unless something else is said.
 */
import { mkdir, mkdtemp, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { VERSION } from '../packages/protocol/src/version.ts';
import { readLocked, unpackPackage } from './binaries/package.ts';
import { parseTarget, TARGETS, type Target } from './binaries/targets.ts';
import { embedImage, writeImageFiles } from './bundle.ts';

const ROOT = dirname(import.meta.dir);
const TIMEOUT_MS = 10 * 60_000;
const OWN = `${process.platform}-${process.arch}`;

/** Bun for another host comes from the package that npm would install there; undefined for this very one. */
async function getRuntime(target: Target): Promise<string | undefined> {
  if (target === OWN) return undefined;
  return join(await unpackPackage(await readLocked(TARGETS[target].package)), 'bin/bun');
}

async function build(target: Target, outfile: string): Promise<void> {
  const executablePath = await getRuntime(target);
  await mkdir(dirname(outfile), { recursive: true });
  const work = await realpath(await mkdtemp(join(tmpdir(), 'cspace-build-')));
  try {
    const folder = join(work, 'image');
    const files = await writeImageFiles(folder, AbortSignal.timeout(TIMEOUT_MS));
    await Bun.build({
      entrypoints: [join(ROOT, 'packages/host/src/main.ts')],
      // Start-up is a third of what it is without: only the chunks of the command are loaded, and nothing is parsed.
      splitting: true,
      bytecode: true,
      format: 'esm',
      minify: { whitespace: true, syntax: true },
      plugins: [embedImage(folder, files)],
      compile: {
        target: TARGETS[target].bun,
        ...(executablePath === undefined ? {} : { executablePath }),
        outfile,
        // It runs in other people's projects: what stands there is not for it.
        autoloadDotenv: false,
        autoloadBunfig: false,
        autoloadTsconfig: false,
        autoloadPackageJson: false,
      },
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  options: { target: { type: 'string', default: OWN } },
  allowPositionals: true,
});
const target = parseTarget(values.target);
const outfile = resolve(positionals[0] ?? join(ROOT, `dist/cspace-${target}`));
await build(target, outfile);
const { size } = await stat(outfile);
console.log(`${outfile}: cspace ${VERSION}, ${Math.round(size / 1024 / 1024)} MiB`);
