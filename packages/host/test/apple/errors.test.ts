import { beforeEach, expect, test } from 'bun:test';
import { getOutcome, useStandIn } from './fixture.ts';
import type { Version } from './stand-in/versions.ts';

const standIn = useStandIn('1.2.2');
beforeEach(() => standIn().setKnobs({}));

const call = (line: string) => standIn().container(line.split(' '));
const said = async (line: string) => getOutcome(await call(line));

const ROWS: [line: string, text: string][] = [
  ['inspect x', 'Error: notFound: "container not found: x"'],
  ['exec x true', 'Error: notFound: "get failed: container x not found"'],
  ['logs x', 'Error: notFound: "get failed: container x not found"'],
  ['start x', 'Error: notFound: "get failed: container x not found"'],
  ['cp /etc/hosts x:/', 'Error: notFound: "get failed: container x not found"'],
  [
    'stop x',
    String.raw`Error: internalError: "failed to stop container" (cause: "notFound: \"get failed: container x not found\"")`,
  ],
  [
    'kill x',
    String.raw`Error: internalError: "failed to kill container" (cause: "notFound: \"get failed: container x not found\"")`,
  ],
  [
    'rm x',
    String.raw`Error: internalError: "failed to delete container" (cause: "notFound: \"container with ID x not found\"")`,
  ],
  [
    'rm --force x',
    String.raw`Error: internalError: "failed to delete container" (cause: "notFound: \"container with ID x not found\"")`,
  ],
  ['network inspect x', 'Error: notFound: "network x not found"'],
  [
    'volume rm x',
    String.raw`Error: internalError: "failed to delete one or more volumes" (cause: "notFound: \"volume 'x' not found\"")`,
  ],
  ['volume inspect x', `Error: notFound: "volume 'x' not found"`],
  ['run --name x image', 'Error: invalidArgument: "x is not a valid container ID"'],
  [
    `run --name ${'a'.repeat(64)} image`,
    `Error: invalidArgument: "${'a'.repeat(64)} is not a valid container ID"`,
  ],
  ['run --name -a image', ''],
  ['network create default', 'Error: exists: "network default already exists"'],
  ['network create UPPER', 'Error: invalidArgument: "invalid network name: UPPER"'],
];
for (const [line, text] of ROWS.filter(([, text]) => text !== ''))
  test(`\`${line.slice(0, 40)}\` ends with 1 and its text`, async () =>
    expect(await said(line)).toEqual([1, text]));

test('container: several that fail have a line each', async () => {
  const [code, text] = await said('stop x y');
  expect([code, text.split('\n').length]).toEqual([1, 2]);
});

test('container: what cannot be understood ends with 64 and the usage', async () => {
  expect(await call('run --hostname a b')).toEqual({
    code: 64,
    stdout: '',
    stderr:
      "Error: Unknown option '--hostname'\nUsage: container run [<options>] <image> [<arguments>]\n  See 'container run --help' for more information.\n",
  });
  expect((await call('image build .')).code).toBe(64);
});

test('volume: made, twice, listed, removed', async () => {
  expect(await call('volume create -s 1g v')).toEqual({ code: 0, stdout: 'v\n', stderr: '' });
  expect(await said('volume create v')).toEqual([1, `Error: exists: "volume 'v' already exists"`]);
  const [volume] = JSON.parse((await call('volume list --format json')).stdout);
  expect(volume).toMatchObject({ id: 'v', configuration: { sizeInBytes: 1024 ** 3 } });
  expect(await call('volume rm v')).toMatchObject({ code: 0 });
  expect((await call('volume ls -q')).stdout).toBe('');
});

const VERSION_LINES: [Version, string][] = [
  ['0.12.3', 'container CLI version 0.12.3 (build: release, commit: abcdefg)\n'],
  ['1.2.2', 'container CLI version 1.2.2 (build: release, commit: abcdefg)\n'],
];
for (const [version, line] of VERSION_LINES)
  test(`--version of ${version}, with its server down too`, async () => {
    standIn().setKnobs({ apiserver: 'unregistered' });
    const child = Bun.spawnSync([`${standIn().bin}/container`, '--version'], {
      env: { PATH: '/usr/bin:/bin', CSPACE_STANDIN_VERSION: version },
      timeout: 10_000,
    });
    expect([child.exitCode, child.stdout.toString()]).toEqual([0, line]);
  });

test('system version: the command line and, while it answers, the server', async () => {
  const names = async () =>
    JSON.parse((await call('system version --format json')).stdout).map(
      (one: { appName: string; version: string }) => `${one.appName} ${one.version}`,
    );
  expect(await names()).toEqual([
    'container 1.2.2',
    'container-apiserver container-apiserver version 1.2.2 (build: release, commit: abcdefg)',
  ]);
  standIn().setKnobs({ apiserver: 'not running' });
  expect(await names()).toEqual(['container 1.2.2']);
});

for (const [apiserver, code, text] of [
  ['running', 0, /^FIELD +VALUE\nstatus +running\n/],
  ['not running', 1, /^apiserver is not running\n$/],
  ['unregistered', 1, /^apiserver is not running and not registered with launchd\n$/],
] as const)
  test(`system status: ${apiserver}, as JSON too`, async () => {
    standIn().setKnobs({ apiserver });
    const plain = await call('system status');
    expect(plain.code).toBe(code);
    expect(plain.stdout).toMatch(text);
    const json = await call('system status --format json');
    expect([json.code, JSON.parse(json.stdout).status]).toEqual([code, apiserver]);
  });

test('container: every command but those of the system says that the server is down', async () => {
  standIn().setKnobs({ apiserver: 'not running' });
  for (const line of [
    'ls',
    'inspect x',
    'run x',
    'exec x y',
    'image inspect x',
    'network inspect default',
    'volume ls',
    'build .',
  ]) {
    const [code, text] = await said(line);
    expect([line, code]).toEqual([line, 1]);
    expect(text).toStartWith('Error: interrupted: "XPC connection error');
    expect(text).toContain('Ensure container system service has been started with `container system start`');
  }
});

test('system start: brings the server up, but asks where there is no kernel', async () => {
  standIn().setKnobs({ apiserver: 'unregistered', kernel: 'missing' });
  expect(await said('system start')).toEqual([1, 'Error: internalError: "failed to read user input"']);
  expect((await call('ls')).code).toBe(1);
  expect((await call('system start --enable-kernel-install')).code).toBe(0);
  expect((await call('ls')).code).toBe(0);
});
