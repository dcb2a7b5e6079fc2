// The host's own ssh, and what speaks through it, into a real sandbox.
import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OUTPUT_SCHEMAS } from '../../src/cli/output/schemas.ts';
import { patient } from '../support/substrate-under-test.ts';
import { testUnless } from '../support/test-unless.ts';
import { createWorld, type World } from '../support/world.ts';

const HOST = 'mercury.shop.cspace2.local';
const need = (program: string, from: string) =>
  Bun.which(program) === null ? `${program} is missing: apt-get install ${from}` : undefined;
const withSsh = need('ssh', 'openssh-client');
const test = testUnless(withSsh);
const testRsync = testUnless(withSsh ?? need('rsync', 'rsync'));

let world: World;
let folder: string;
let config: string;
beforeAll(async () => {
  if (withSsh !== undefined) return;
  world = createWorld();
  folder = join(world.folder, 'files');
  mkdirSync(folder);
  config = join(world.folder, 'ssh_config');
  expect(await world.cspace(['up', 'mercury'])).toMatchObject({ code: 0 });
  const printed = await world.cspace(['ssh-config']);
  expect(printed).toMatchObject({ code: 0, stderr: '' });
  writeFileSync(config, printed.stdout);
}, patient(120_000));
afterAll(() => world?.dispose(), patient(60_000));

/** A program of the host's, in a folder of its own, with nothing of cspace but what ssh-config printed. */
async function run(argv: string[], input = '') {
  const child = Bun.spawn(argv, {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: join(world.folder, 'user') },
    stdin: new TextEncoder().encode(input),
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: patient(60_000),
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

describe('by ssh-config', () => {
  test('ssh: user, exit code, both streams, input', async () => {
    const command = 'id -un; tr a-z A-Z; echo said >&2; exit 7';
    expect(await run(['ssh', '-F', config, HOST, command], 'typed')).toEqual({
      code: 7,
      stdout: 'dev\nTYPED',
      stderr: 'said\n',
    });
  });

  test('two first connections at once', async () => {
    await world.cspace(['exec', 'mercury', '--', 'sh', '-c', 'rm -rf ~/.ssh/cspace']);
    const both = await Promise.all([0, 1].map(() => run(['ssh', '-F', config, HOST, 'echo in'])));
    expect(both).toEqual(Array(2).fill({ code: 0, stdout: 'in\n', stderr: '' }));
  });

  test('scp and sftp bring a file in and out, whole', async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(50_000));
    writeFileSync(join(folder, 'file'), bytes);
    expect(await run(['scp', '-qF', config, 'file', `${HOST}:/tmp/a`])).toMatchObject({ code: 0 });
    const batch = 'rename /tmp/a /tmp/b\nget /tmp/b b\n';
    expect(await run(['sftp', '-qF', config, '-b', '-', HOST], batch)).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, 'b'))).toEqual(Buffer.from(bytes));
  });

  testRsync('rsync brings a file in and out, whole', async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(50_000));
    writeFileSync(join(folder, 'b'), bytes);
    const rsync = ['rsync', '-a', '-e', `ssh -F ${config}`];
    expect(await run([...rsync, 'b', `${HOST}:/tmp/c`])).toMatchObject({ code: 0, stderr: '' });
    expect(await run([...rsync, `${HOST}:/tmp/c`, 'c'])).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(folder, 'c'))).toEqual(Buffer.from(bytes));
  });

  test('a sandbox that is not there is a problem in words', async () => {
    const { code, stderr } = await run(['ssh', '-F', config, 'venus.shop.cspace2.local', 'true']);
    expect(code).toBe(255);
    expect(stderr).toContain('venus');
  });

  test('the key is nobody else’s', async () => {
    expect(
      (await run(['stat', '-c', '%a', join(world.home, 'ssh'), join(world.home, 'ssh/id_ed25519')])).stdout,
    ).toBe('700\n600\n');
  });
});

test('cspace ssh: by the name here, with options of ssh’s, and its exit code', async () => {
  const { code, stdout } = await world.cspace([
    'ssh',
    'mercury',
    '-T',
    'cd /workspace && git branch --show-current; exit 3',
  ]);
  expect([code, stdout]).toEqual([3, 'cspace/mercury\n']);
  const json = await world.cspace(['ssh', '--json', 'mercury', 'true']);
  expect(OUTPUT_SCHEMAS.ssh.parse(JSON.parse(json.stdout))).toEqual({ exitCode: 0 });
});

test('cspace ssh on a terminal: a shell, with its size', async () => {
  const terminal = world.startOnTerminal(['ssh', 'mercury']);
  terminal.type('stty size; exit 4\r');
  expect(await terminal.exited).toBe(4);
  expect(terminal.getText()).toContain('24 80');
});
