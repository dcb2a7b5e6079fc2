import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dir, '../..');
const CACHE = join(ROOT, 'node_modules/.cache/cspace/packages');
const TIMEOUT_MS = 10 * 60_000;

export interface Package {
  name: string;
  version: string;
  /** `sha512-…` in base64, as npm writes it. */
  integrity: string;
}

/** The unpacked files of an npm package, from the registry by npm itself; kept. Throws where its content is another. */
export async function unpackPackage({ name, version, integrity }: Package): Promise<string> {
  const id = createHash('sha256').update(`${name}@${version} ${integrity}`).digest('hex').slice(0, 16);
  const folder = join(CACHE, id);
  if (await Bun.file(join(folder, 'package.json')).exists()) return folder;
  const work = `${folder}.${process.pid}`;
  await mkdir(work, { recursive: true });
  try {
    const [packed] = JSON.parse(
      await call(['npm', 'pack', '--json', '--ignore-scripts', `${name}@${version}`], work),
    );
    const archive = await readFile(join(work, packed.filename));
    const found = `sha512-${createHash('sha512').update(archive).digest('base64')}`;
    if (found !== integrity) throw new Error(`${name}@${version} is ${found}, expected ${integrity}`);
    await call(['tar', '-xzf', packed.filename, '--no-same-owner'], work);
    await rm(folder, { recursive: true, force: true });
    await rename(join(work, 'package'), folder);
    return folder;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The version and integrity that package-lock.json has for a package. */
export async function readLocked(name: string): Promise<Package> {
  const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'));
  const { version, integrity } = lock.packages[`node_modules/${name}`];
  return { name, version, integrity };
}

async function call(argv: string[], cwd: string): Promise<string> {
  const child = Bun.spawn(argv, { cwd, stdout: 'pipe', stderr: 'pipe', timeout: TIMEOUT_MS });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${argv.join(' ')}: ${stderr || stdout}`);
  return stdout;
}
