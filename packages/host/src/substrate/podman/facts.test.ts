import { expect, test } from 'bun:test';
import { getContainersConf, getRuntimeWrapper } from './engine-files.ts';
import type { HostFacts } from './facts.ts';

const PLAIN: HostFacts = {
  hybridCgroups: false,
  systemd: true,
  mayRaiseLimits: true,
  maxOpenFiles: 1024,
  maxProcesses: 1024,
  netavark: true,
  crun: '/usr/bin/crun',
};
const conf = (change: Partial<HostFacts>, major = 4) =>
  getContainersConf({ ...PLAIN, ...change }, '/e', major);

test('getContainersConf says no more than a plain host needs', () => {
  expect(conf({})).not.toContain('ulimits');
  expect(conf({})).not.toContain('cgroup_manager');
  expect(conf({})).toContain('crun = ["/usr/bin/crun"]');
  expect(conf({})).toContain('network_backend = "netavark"');
});
test('getContainersConf: limits within the hard ones where they cannot be raised', () => {
  const text = conf({ mayRaiseLimits: false, maxOpenFiles: 20_000, maxProcesses: 4096 });
  expect(text).toContain('["nofile=20000:20000", "nproc=4096:4096"]');
  const none = conf({ mayRaiseLimits: false, maxOpenFiles: Infinity, maxProcesses: Infinity });
  expect(none).toContain('["nofile=1048576:1048576", "nproc=32768:32768"]');
});
test('getContainersConf without systemd', () =>
  expect(conf({ systemd: false })).toContain('cgroup_manager = "cgroupfs"'));
test('getContainersConf without netavark: cni for podman 4, nothing for 5', () => {
  expect(conf({ netavark: false })).toContain('network_backend = "cni"');
  expect(conf({ netavark: false }, 5)).not.toContain('network_backend');
});
test('getRuntimeWrapper only for hybrid cgroups, and the configuration names it then', () => {
  expect(getRuntimeWrapper(PLAIN)).toBeUndefined();
  expect(getRuntimeWrapper({ ...PLAIN, hybridCgroups: true })).toContain('umount /sys/fs/cgroup/unified');
  expect(conf({ hybridCgroups: true })).toContain('crun = ["/e/crun"]');
});
