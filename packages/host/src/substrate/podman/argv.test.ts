import { expect, test } from 'bun:test';
import type { MachineSpec } from '../substrate.ts';
import { getCreateArgv, getExecArgv, getListArgv, getStopArgv } from './argv.ts';

const REF = { project: 'shop', sandbox: 'mercury' };
const SPEC: MachineSpec = {
  ref: REF,
  homeLabel: '0123456789ab',
  image: 'localhost/cspace:1',
  owner: { uid: 1501, gid: 1501 },
  mounts: [{ source: '/home/a da/x, y', target: '/workspace', readOnly: true }],
  volumes: ['/workspace/node_modules'],
  network: 'nat',
  limits: { cpus: 1.5, memoryMiB: 512, pids: 256 },
  sysctls: { 'net.ipv4.conf.all.route_localnet': '1' },
  env: { TZ: 'UTC' },
  folder: '/m',
};
const after = (argv: readonly string[], flag: string) => argv[argv.indexOf(flag) + 1];

test('getCreateArgv ends with the image, and asks no registry for it', () => {
  const argv = getCreateArgv(SPEC, 'one');
  expect(argv.at(-1)).toBe('localhost/cspace:1');
  expect(after(argv, '--pull')).toBe('never');
});
test('getCreateArgv gives no privilege beyond the list', () => {
  const argv = getCreateArgv(SPEC, 'one');
  expect(argv).not.toContain('--privileged');
  expect(argv.join(' ')).not.toContain('SYS_ADMIN');
  expect(after(argv, '--cap-drop')).toBe('all');
  expect(after(argv, '--network')).toBe('none');
});
test('getCreateArgv: limits, without swap on top', () => {
  const argv = getCreateArgv(SPEC, 'one');
  expect([after(argv, '--memory'), after(argv, '--memory-swap')]).toEqual(['512m', '512m']);
  expect([after(argv, '--pids-limit'), after(argv, '--cpus')]).toEqual(['256', '1.5']);
});
test('getCreateArgv: sysctls, each with its flag', () => {
  expect(after(getCreateArgv(SPEC, 'one'), '--sysctl')).toBe('net.ipv4.conf.all.route_localnet=1');
  expect(getCreateArgv({ ...SPEC, sysctls: {} }, 'one')).not.toContain('--sysctl');
});
test('getCreateArgv binds paths with spaces and commas', () =>
  expect(after(getCreateArgv(SPEC, 'one'), '--volume')).toStartWith('/home/a da/x, y:/workspace:ro,idmap='));
test('getCreateArgv: volumes have no name, so that they go with the machine', () => {
  const argv = getCreateArgv(SPEC, 'one');
  expect(argv[argv.indexOf('/workspace/node_modules') - 1]).toBe('--volume');
});
test('getCreateArgv refuses a path with a colon', () => {
  const mounts = [{ source: '/a:b', target: '/workspace', readOnly: false }];
  expect(() => getCreateArgv({ ...SPEC, mounts }, 'one')).toThrow('colon');
});
test('getListArgv filters by whole labels, never by name', () => {
  expect(getListArgv('abc', REF)).toContain('label=dev.cspace.sandbox=mercury');
  expect(getListArgv('abc').join(' ')).not.toContain('name=');
});
test('getStopArgv rounds up to seconds', () => expect(after(getStopArgv('x', 1), '--time')).toBe('1'));
test('getExecArgv: dev goes through the secrets file, root does not', () => {
  const options = { tty: true, cwd: '/workspace', env: { TERM: 'xterm' } };
  const dev = getExecArgv(REF, ['ls', '-la'], { ...options, user: 'dev' });
  expect(dev.slice(-4)).toEqual(['cspace-shop--mercury', '/usr/local/bin/cspace-env', 'ls', '-la']);
  expect(dev).toContain('--tty');
  const root = getExecArgv(REF, ['id'], { ...options, tty: false, user: 'root' });
  expect(root.slice(-2)).toEqual(['cspace-shop--mercury', 'id']);
  expect(root).not.toContain('--tty');
});
