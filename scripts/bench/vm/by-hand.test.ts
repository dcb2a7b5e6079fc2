import { expect, test } from 'bun:test';
import { getHandArgv } from './by-hand.ts';

const image = {
  vmlinux: '/kit/vmlinux',
  initrd: '/kit/initrd',
  root: '/root.erofs',
  modules: '/modules.erofs',
};
const at = {
  image,
  disk: '/disk',
  memoryMiB: 512,
  kernelLine: 'quiet panic=-1',
  tap: 'bench0',
  control: '/c',
};
const get = (argv: string[], option: string) => argv[argv.indexOf(option) + 1];

test.each([
  ['tcg', 'max'],
  ['kvm', 'host'],
] as const)('getHandArgv: %s with the processor %s, the same kernel and disks', (accel, cpu) => {
  const argv = getHandArgv({ ...at, accel });
  expect([get(argv, '-accel'), get(argv, '-cpu'), get(argv, '-m')]).toEqual([accel, cpu, '512M']);
  expect([get(argv, '-kernel'), get(argv, '-initrd'), get(argv, '-append')]).toEqual([
    image.vmlinux,
    image.initrd,
    at.kernelLine,
  ]);
  const drives = argv.filter((_, index) => argv[index - 1] === '-drive').map((drive) => drive.split(',')[2]);
  expect(drives).toEqual(['file=/root.erofs', 'file=/modules.erofs', 'file=/disk']);
});
