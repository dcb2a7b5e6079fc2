import { expect, test } from 'bun:test';
import { getCgroupBounds } from './cgroup-bounds.ts';
import { getSettings, parseCgroupLayout } from './cgroup-layout.ts';

const UNIFIED = 'cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime 0 0\n';
const SEPARATE = `tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0
`;
const HYBRID = `${SEPARATE}cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n`;
const roots = {
  memory: '/sys/fs/cgroup/memory',
  cpu: '/sys/fs/cgroup/cpu,cpuacct',
  pids: '/sys/fs/cgroup/pids',
};
const ALL = 'cpuset cpu io memory hugetlb pids\n';

test.each([
  ['unified', UNIFIED, ALL, { version: 2, root: '/sys/fs/cgroup' }],
  ['unified without memory', UNIFIED, 'cpu pids\n', undefined],
  ['separate', SEPARATE, '', { version: 1, roots }],
  ['hybrid: what is beside is not ours', HYBRID, 'hugetlb\n', { version: 1, roots }],
  ['separate without pids', SEPARATE.replace(/.*pids 0 0\n/, ''), '', undefined],
  ['nothing', '', '', undefined],
] as const)('parseCgroupLayout: %s', (_, mounts, controllers, layout) =>
  expect(parseCgroupLayout(mounts, () => controllers)).toEqual(layout),
);

const BOUNDS = { memoryMiB: 2, cpus: 0.25, pids: 300 };
const settings = (version: 1 | 2) =>
  (['memory', 'cpu', 'pids'] as const).flatMap((controller) =>
    getSettings(version, controller, BOUNDS).map(({ file, value }) => `${file}=${value}`),
  );

test('getSettings of version 2: no swap on top', () =>
  expect(settings(2)).toEqual([
    'memory.max=2097152',
    'memory.swap.max=0',
    'cpu.max=25000 100000',
    'pids.max=300',
  ]));
test('getSettings of version 1: memory before memory and swap, which may not be less', () =>
  expect(settings(1)).toEqual([
    'memory.limit_in_bytes=2097152',
    'memory.memsw.limit_in_bytes=2097152',
    'cpu.cfs_period_us=100000',
    'cpu.cfs_quota_us=25000',
    'pids.max=300',
  ]));
test('getSettings: a sliver of a processor is the least that the kernel takes', () =>
  expect(getSettings(2, 'cpu', { ...BOUNDS, cpus: 0.001 })).toEqual([
    { file: 'cpu.max', value: '1000 100000' },
  ]));

test('getCgroupBounds: processors as they are, memory with what it takes to run the guest', () => {
  const limits = { cpus: 1.5, memoryMiB: 4096, pids: 64 };
  const bounds = getCgroupBounds(limits, { emulated: false, openFiles: 20_000 });
  expect(bounds).toEqual({ cpus: 1.5, memoryMiB: 4096 + 512 + 40, pids: 258 });
  expect(getCgroupBounds(limits, { emulated: true, openFiles: 20_000 }).memoryMiB).toBe(
    4096 + 512 + 40 + 1024,
  );
});
