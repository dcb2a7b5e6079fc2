import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { writeStandIns } from '../../packages/host/test/support/mac/stand-ins.ts';
import { formatSums, getArchiveName, render } from './render.ts';
import { TARGETS, type Target } from './targets.ts';

const TEMPLATE = readFileSync(resolve(import.meta.dir, '../../packaging/install.sh'), 'utf8');
/** What the script may call besides its shell; none of them brings curl or wget. */
const TOOLS = ['cat', 'chmod', 'cut', 'mkdir', 'mktemp', 'mv', 'rm', 'sed', 'sha256sum', 'tar', 'gzip'];
const SHELLS = ['dash', 'bash', 'sh'].filter((name) => Bun.which(name) !== null);
const [SHELL = 'sh'] = SHELLS;

let folder: string;
let server: ReturnType<typeof Bun.serve>;
const files = new Map<string, Buffer>();

/** A release whose program says for which host it is. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-release-'));
  const sums = {} as Record<Target, string>;
  for (const target of Object.keys(TARGETS) as Target[]) {
    writeFileSync(join(folder, 'cspace'), `#!/bin/sh\necho 9.9.9-${target}\n`);
    chmodSync(join(folder, 'cspace'), 0o755);
    const archive = join(folder, getArchiveName(target));
    Bun.spawnSync(['tar', '-czf', archive, 'cspace'], { cwd: folder, timeout: 10_000 });
    const bytes = readFileSync(archive);
    sums[target] = createHash('sha256').update(bytes).digest('hex');
    files.set(getArchiveName(target), bytes);
  }
  files.set('SHA256SUMS', Buffer.from(formatSums(sums)));
  server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      const match = /^\/(latest\/download|download\/v9\.9\.9|bad)\/(.+)$/.exec(new URL(request.url).pathname);
      const bytes = files.get(match?.[2] ?? '');
      return bytes ? new Response(new Uint8Array(bytes)) : new Response('no', { status: 404 });
    },
  });
});
afterAll(async () => {
  await server.stop(true);
  rmSync(folder, { recursive: true, force: true });
});

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'cspace-install-'));
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

const MAC = { uname: uname('Darwin', 'arm64'), sw_vers: 'echo 26.1', sysctl: 'exit 1' };
const LINUX = { uname: uname('Linux', 'x86_64') };

function uname(system: string, machine: string) {
  return `case $1 in -s) echo ${system} ;; -m) echo ${machine} ;; esac`;
}

interface Given {
  host?: Record<string, string>;
  env?: Record<string, string>;
  shell?: string;
  /** Of the script: for one that did not come whole. */
  bytes?: number;
  tools?: string[];
}

async function install({ host = LINUX, env = {}, shell = SHELL, bytes, tools = ['curl'] }: Given = {}) {
  const { folder: bin } = writeStandIns(work, host);
  for (const name of [...TOOLS, ...tools]) {
    const found = Bun.which(name);
    if (found) symlinkSync(found, join(bin, name));
  }
  const text = render(TEMPLATE, {
    version: '9.9.9',
    releases: `http://127.0.0.1:${server.port}`,
    homepage: '',
    sums: {} as never,
  });
  const script = join(work, 'install.sh');
  writeFileSync(script, text.slice(0, bytes));
  const home = join(work, 'home');
  mkdirSync(home, { recursive: true });
  // Not `spawnSync`: the server is in this process.
  const child = Bun.spawn([Bun.which(shell) ?? shell, script], {
    env: { HOME: home, PATH: bin, ...env },
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: 30_000,
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const at = env.CSPACE_INSTALL ?? join(home, '.local/bin');
  return { code, stdout, stderr, at, left: existsSync(at) ? readdirSync(at) : [] };
}

describe.each(SHELLS)('install.sh in %s', (shell) => {
  test('puts the program of this host into ~/.local/bin and says where, and nothing besides', async () => {
    const { code, stdout, stderr, at, left } = await install({ shell });
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'fetching cspace-linux-x64.tar.gz\n' });
    expect(stdout).toStartWith(`cspace 9.9.9-linux-x64 is ${at}/cspace\nnote: ${at} is not on your PATH`);
    expect(left).toEqual(['cspace']);
  });
  test('refuses what is not what was released, and leaves the old one', async () => {
    const at = join(work, 'bin');
    mkdirSync(at);
    writeFileSync(join(at, 'cspace'), 'old');
    const archive = getArchiveName('linux-x64');
    const good = files.get(archive) ?? Buffer.alloc(0);
    files.set(archive, Buffer.concat([good, Buffer.from('x')]));
    const { code, stderr, left } = await install({ shell, env: { CSPACE_INSTALL: at } });
    files.set(archive, good);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is not what was released'),
    });
    expect(left).toEqual(['cspace']);
    expect(readFileSync(join(at, 'cspace'), 'utf8')).toBe('old');
  });
  test('of a script that came only in part nothing is run', async () => {
    for (const bytes of [400, TEMPLATE.length - 60]) {
      const { left, stdout } = await install({ shell, bytes });
      expect({ left, stdout }).toEqual({ left: [], stdout: '' });
      rmSync(work, { recursive: true });
      mkdirSync(work);
    }
  });
});

test.each([
  ['Apple silicon', { ...MAC }, 'darwin-arm64'],
  [
    'Apple silicon under Rosetta',
    { ...MAC, uname: uname('Darwin', 'x86_64'), sysctl: 'echo 1' },
    'darwin-arm64',
  ],
  ['Linux on arm64', { uname: uname('Linux', 'aarch64') }, 'linux-arm64'],
])('install.sh: %s', async (_, host, target) => {
  const { code, stdout } = await install({ host });
  expect({ code, stdout }).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`cspace 9.9.9-${target} is`),
  });
});

test.each([
  ['a Mac with Intel', { ...MAC, uname: uname('Darwin', 'x86_64') }, 'this Mac has an Intel processor'],
  ['macOS 15', { ...MAC, sw_vers: 'echo 15.6.1' }, 'macOS 15.6.1 is older than 26'],
  ['another processor', { uname: uname('Linux', 'riscv64') }, 'no binary is made for Linux on riscv64'],
  ['another system', { uname: uname('FreeBSD', 'amd64') }, 'no binary is made for FreeBSD'],
])('install.sh: %s is refused with the reason, and nothing is made', async (_, host, message) => {
  const { code, stderr, left } = await install({ host });
  expect({ code, stderr, left }).toEqual({
    code: 3,
    stderr: expect.stringContaining(`error: ${message}\n`),
    left: [],
  });
});

test('install.sh: CSPACE_VERSION takes that version, and one that is not there is said', async () => {
  expect(await install({ env: { CSPACE_VERSION: '9.9.9' } })).toMatchObject({ code: 0 });
  rmSync(work, { recursive: true });
  mkdirSync(work);
  const { code, stderr, left } = await install({ env: { CSPACE_VERSION: '1.0.0' } });
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('/download/v1.0.0/SHA256SUMS'),
  });
  expect(left).toEqual([]);
});

test('install.sh without curl takes wget, and without both says so', async () => {
  if (Bun.which('wget') !== null) expect(await install({ tools: ['wget'] })).toMatchObject({ code: 0 });
  rmSync(work, { recursive: true });
  mkdirSync(work);
  const { code, stderr, left } = await install({ tools: [] });
  expect({ code, stderr }).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('neither curl nor wget'),
  });
  expect(left).toEqual([]);
});
