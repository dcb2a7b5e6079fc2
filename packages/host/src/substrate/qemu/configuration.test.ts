import { expect, test } from 'bun:test';
import type { MachineSpec } from '../substrate.ts';
import { getConfiguration, getStandbyConfiguration } from './configuration.ts';
import type { VmImage } from './image/vm-image.ts';

const SPEC: MachineSpec = {
  ref: { project: 'shop', sandbox: 'mercury' },
  homeLabel: '0',
  image: 'tag',
  owner: { uid: 1, gid: 1 },
  mounts: [
    { source: '/clone', target: '/workspace', readOnly: false },
    { source: '/run', target: '/run/cspace', readOnly: true },
  ],
  volumes: ['/workspace/node_modules'],
  network: 'nat',
  limits: { cpus: 1, memoryMiB: 256, pids: 64 },
  sysctls: { 'net.ipv4.ip_forward': '1' },
  env: { OWN: 'a=b c', SHARED: 'machine' },
  folder: '/machine',
};
const IMAGE: VmImage = {
  ...{
    tag: 'tag',
    vmlinux: '',
    initrd: '',
    modules: '',
    root: '',
    emptyDisk: '',
    kernel: '',
    kitKey: '',
    rootKey: '',
  },
  ...{ entrypoint: ['/entry', 'x'], cmd: ['y z'], env: { PATH: '/bin', SHARED: 'image' }, workdir: '/w' },
  standby: true,
};
const CABLE = { link: 'cs1', address: '10.0.0.2', mac: '02:00', gateway: '10.0.0.1', gatewayMac: '02:01' };

const entries = getConfiguration({
  spec: SPEC,
  image: IMAGE,
  cable: CABLE,
  keys: { hostKey: 'a\nb\n', authorized: 'ssh-ed25519 AAAA' },
  nowMs: 1_700_000_000_123,
  seed: Buffer.from([1, 255]),
});
const get = (key: string) => entries.filter(([name]) => name === key).map(([, value]) => value);

test.each([
  ['hostname', ['mercury']],
  ['time', ['1700000000.123000000']],
  ['seed', ['01ff']],
  ['mac', ['02:00']],
  ['address', ['10.0.0.2']],
  ['gateway', ['10.0.0.1']],
  ['gatewaymac', ['02:01']],
  ['pids', ['64']],
  ['sysctl', ['net.ipv4.ip_forward=1']],
  ['share', ['0:rw:/workspace', '1:ro:/run/cspace']],
  ['volume', ['/workspace/node_modules']],
  ['env', ['PATH=/bin', 'SHARED=machine', 'OWN=a=b c']],
  ['arg', ['/entry', 'x', 'y z']],
  ['cwd', ['/w']],
  ['hostkey', ['a\nb\n']],
  ['authorized', ['ssh-ed25519 AAAA']],
])('getConfiguration: %s', (key, values) => expect(get(key)).toEqual(values));
test('getConfiguration: another seed each time', () => {
  const options = { spec: SPEC, image: IMAGE, cable: CABLE, keys: { hostKey: '', authorized: '' }, nowMs: 0 };
  const seed = () => getConfiguration(options).find(([key]) => key === 'seed')?.[1];
  expect(seed()).toHaveLength(128);
  expect(seed()).not.toBe(seed());
});

test('getStandbyConfiguration: environment and first program, and nothing that tells machines apart', () => {
  const told = getStandbyConfiguration({ image: IMAGE, limits: SPEC.limits, env: SPEC.env });
  expect(told).toEqual([
    ['standby', '1'],
    ['pids', '64'],
    ['env', 'PATH=/bin'],
    ['env', 'SHARED=machine'],
    ['env', 'OWN=a=b c'],
    ['env', 'CSPACE_STANDBY=1'],
    ['arg', '/entry'],
    ['arg', 'x'],
    ['arg', 'y z'],
    ['cwd', '/'],
  ]);
});
