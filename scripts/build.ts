/** Compiles the CLI and the image's files into one standalone binary: dist/cspace-linux-x64, or the file named. */
import { mkdir, mkdtemp, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { VERSION } from '../packages/protocol/src/version.ts';
import { embedImage, writeImageFiles } from './bundle.ts';

const ROOT = dirname(import.meta.dir);
const TIMEOUT_MS = 10 * 60_000;

async function build(outfile: string): Promise<void> {
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
        target: 'bun-linux-x64',
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

const [file = join(ROOT, 'dist/cspace-linux-x64')] = process.argv.slice(2);
const outfile = resolve(file);
await build(outfile);
const { size } = await stat(outfile);
console.log(`${outfile}: cspace ${VERSION}, ${Math.round(size / 1024 / 1024)} MiB`);
