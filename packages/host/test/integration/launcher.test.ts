import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dir, '../../../..');
const TIMEOUT_MS = 20_000;

/** A checkout with the real launcher and installer, a main file that tells how it was called, and an npm of our own. */
let folder: string;
let checkout: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cspace-launcher-'));
  checkout = join(folder, 'check out');
  await mkdir(join(checkout, 'scripts'), { recursive: true });
  await mkdir(join(checkout, 'packages/host/src'), { recursive: true });
  await mkdir(join(folder, 'bin'));
  for (const file of ['cspace', 'scripts/install-host.mjs', 'package-lock.json']) {
    await cp(join(ROOT, file), join(checkout, file));
  }
  await writeFile(
    join(checkout, 'packages/host/src/main.ts'),
    'console.log(JSON.stringify({ argv: process.argv.slice(2), cwd: process.cwd(), secret: process.env.FROM_DOTENV }));',
  );
  await writeNpm('');
});
afterEach(() => rm(folder, { recursive: true }));

/** An npm that notes its call, does what the real one leaves behind, and installs nothing but this very Bun. */
async function writeNpm(before: string) {
  const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'));
  await writeFile(join(folder, 'installed.json'), JSON.stringify({ packages: lock.packages }));
  const script = `#!/bin/sh
echo "$PWD: $*" >> '${folder}/calls'
echo 'npm noise'; echo 'npm noise' >&2
${before}
sleep 0.2
mkdir -p node_modules/bun/bin
ln -sf '${process.execPath}' node_modules/bun/bin/bun.exe
cp '${folder}/installed.json' node_modules/.package-lock.json
`;
  await writeFile(join(folder, 'bin/npm'), script);
  await chmod(join(folder, 'bin/npm'), 0o755);
}

async function launch(args: string[] = [], { cwd = folder, path = join(checkout, 'cspace') } = {}) {
  const child = Bun.spawn([path, ...args], {
    cwd,
    env: { PATH: `${folder}/bin:${process.env.PATH}`, HOME: folder },
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: TIMEOUT_MS,
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, stdout, stderr };
}

async function getCalls(): Promise<string[]> {
  const text = await readFile(join(folder, 'calls'), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean);
}

describe('cspace (launcher)', () => {
  test('installs once, of the host only, quietly, and hands everything on', async () => {
    const first = await launch(['up', 'a b', '--', '-x']);
    expect(first.stderr).toBe('installing the dependencies of cspace (npm ci), once\n');
    expect(JSON.parse(first.stdout)).toEqual({ argv: ['up', 'a b', '--', '-x'], cwd: folder });
    const second = await launch();
    expect(second.stderr).toBe('');
    const calls = await getCalls();
    expect(calls).toHaveLength(1);
    expect(calls[0]).toStartWith(`${checkout}: ci -w packages/host --include-workspace-root --omit=dev`);
  });

  test('two at once install once', async () => {
    const results = await Promise.all([launch(), launch(), launch()]);
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(await getCalls()).toHaveLength(1);
    expect((await readdir(checkout)).filter((name) => name.startsWith('.cspace-install'))).toEqual([]);
  });

  test('a lock that a killed install left does not hold it up', async () => {
    const gone = Bun.spawn(['true']);
    await gone.exited;
    await symlink(String(gone.pid), join(checkout, '.cspace-install.lock'));
    expect((await launch()).code).toBe(0);
  });

  test('an install of everything that is there already is left alone', async () => {
    await mkdir(join(checkout, 'node_modules/bun/bin'), { recursive: true });
    await symlink(process.execPath, join(checkout, 'node_modules/bun/bin/bun.exe'));
    await cp(join(folder, 'installed.json'), join(checkout, 'node_modules/.package-lock.json'));
    expect(await launch()).toMatchObject({ code: 0, stderr: '' });
    expect(await getCalls()).toEqual([]);
  });

  test('a lock file that changed is installed anew', async () => {
    await launch();
    const lock = await readFile(join(checkout, 'package-lock.json'), 'utf8');
    const { commander } = { commander: JSON.parse(lock).packages['node_modules/commander'].version };
    const changed = lock.replace(`"version": "${commander}"`, '"version": "999.0.0"');
    await writeFile(join(checkout, 'package-lock.json'), changed);
    await writeFile(join(folder, 'installed.json'), changed);
    await launch();
    expect(await getCalls()).toHaveLength(2);
  });

  test('an npm that fails is shown with its words, and its exit code is 3', async () => {
    await writeNpm('echo "npm error: no network" >&2; exit 1');
    const { code, stderr } = await launch();
    expect(code).toBe(3);
    expect(stderr).toContain('npm error: no network');
    expect(stderr).toContain('error: the dependencies of cspace could not be installed');
    await writeNpm('');
    expect((await launch()).code).toBe(0);
  });

  test('works through symbolic links, and reads nothing of the folder it is called in', async () => {
    await symlink('check out/cspace', join(folder, 'one'));
    await symlink(join(folder, 'one'), join(folder, 'bin/two'));
    const project = join(folder, 'project');
    await mkdir(project);
    await writeFile(join(project, '.env'), 'FROM_DOTENV=yes\n');
    await writeFile(join(project, 'bunfig.toml'), 'preload = ["./preload.ts"]\n');
    await writeFile(join(project, 'preload.ts'), 'console.log("preloaded");');
    await writeFile(
      join(project, 'tsconfig.json'),
      '{"compilerOptions": {"paths": {"*": ["./preload.ts"]}}}',
    );
    await launch();
    const { code, stdout } = await launch(['x'], { cwd: project, path: join(folder, 'bin/two') });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ argv: ['x'], cwd: project });
  });
});
