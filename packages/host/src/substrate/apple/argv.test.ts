import { expect, test } from 'bun:test';
import type { MachineSpec } from '../substrate.ts';
import { getBuildArgv, getCreateArgv, getExecArgv, getStopArgv } from './argv.ts';

const SPEC: MachineSpec = {
  ref: { project: 'shop', sandbox: 'mercury' },
  homeLabel: 'aaaaaaaaaaaa',
  image: 'localhost/cspace:1',
  owner: { uid: 501, gid: 20 },
  mounts: [
    { source: '/Users/me/a, b/clone', target: '/workspace', readOnly: false },
    { source: '/Users/me/run', target: '/run/cspace', readOnly: true },
  ],
  volumes: ['/workspace/node_modules'],
  network: 'nat',
  limits: { cpus: 1.5, memoryMiB: 512, pids: 100 },
  sysctls: { 'net.ipv4.conf.all.route_localnet': '1' },
  env: { GIVEN: 'a=b c' },
  folder: '/Users/me/machine',
};
const create = (change: Partial<MachineSpec> = {}) =>
  getCreateArgv(
    { ...SPEC, ...change },
    { attempt: 'f00d', program: ['/tini', '--', 'x'], volumes: ['vol-1'], network: 'net-1' },
  );
/** What follows each time a flag is given. */
const valuesOf = (argv: string[], flag: string) =>
  argv.flatMap((word, index) => (argv[index - 1] === flag ? [word] : []));

test('getCreateArgv: folders, the machine’s own two, and volumes by name', () =>
  expect(valuesOf(create(), '-v')).toEqual([
    '/Users/me/a, b/clone:/workspace',
    '/Users/me/run:/run/cspace:ro',
    '/Users/me/machine/orders:/run/cspace-orders:ro',
    '/Users/me/machine/words:/run/cspace-words',
    'vol-1:/workspace/node_modules',
  ]));
test('getCreateArgv: whole processors, memory in MiB, processes by user', () => {
  const argv = create();
  expect([valuesOf(argv, '--cpus'), valuesOf(argv, '--memory'), valuesOf(argv, '--ulimit')]).toEqual([
    ['2'],
    ['512MiB'],
    ['nproc=100:100'],
  ]);
});
test('getCreateArgv: after the image the first program, and behind it the image’s own', () => {
  const argv = create();
  expect(valuesOf(argv, '--entrypoint')).toEqual(['/bin/sh']);
  const after = argv.slice(argv.indexOf(SPEC.image) + 1);
  expect([after[0], ...after.slice(2)]).toEqual([
    ...['-c', 'sh', '/run/cspace-orders', '/run/cspace-words', '1', '/workspace/node_modules'],
    ...['/proc/sys/net/ipv4/conf/all/route_localnet', '1', '--', '/tini', '--', 'x'],
  ]);
});
test('getCreateArgv: a path with a colon is refused', () =>
  expect(() => create({ mounts: [{ source: '/a:b', target: '/w', readOnly: true }] })).toThrow('colon'));
test('trap-24: getCreateArgv: no environment but what was given', () =>
  expect(valuesOf(create(), '-e')).toEqual(['GIVEN=a=b c']));
test('getStopArgv: whole seconds, rounded up', () =>
  expect(getStopArgv('m', 1200)).toEqual(['container', 'stop', '-t', '2', 'm']));
test('getBuildArgv: the Dockerfile by its path', () =>
  expect(getBuildArgv({ tag: 't', folder: '/ctx', buildArgs: { A: 'b' } })).toEqual([
    ...['container', 'build', '--tag', 't', '--file', '/ctx/Dockerfile'],
    ...['--build-arg', 'A=b', '--progress', 'plain', '/ctx'],
  ]));
test('getExecArgv: as dev on a terminal, by way of the sandbox’s environment', () =>
  expect(
    getExecArgv(SPEC.ref, ['ls', '-la'], { tty: true, user: 'dev', cwd: '/workspace', env: { A: '1' } }),
  ).toEqual([
    ...['container', 'exec', '-i', '-t', '--user', 'dev', '-w', '/workspace'],
    ...['-e', 'HOME=/home/dev', '-e', 'USER=dev', '-e', 'A=1', 'cspace-shop--mercury'],
    ...['/usr/local/bin/cspace-env', 'ls', '-la'],
  ]));
