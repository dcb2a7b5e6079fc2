import { expect, test } from 'bun:test';
import { getKernelLine, parseTscKhz } from './kernel-line.ts';

test('getKernelLine: an emulated guest is told the frequency where it is certain', () => {
  const line = getKernelLine({ accel: 'tcg', tscKhz: 2_600_000 });
  expect(line).toContain('tsc=reliable tsc_early_khz=2600000 lpj=10400000');
  expect(getKernelLine({ accel: 'tcg', tscKhz: undefined })).not.toContain('khz');
});
test('getKernelLine: with KVM the guest asks the host itself', () => {
  expect(getKernelLine({ accel: 'kvm', tscKhz: 2_600_000 })).not.toContain('tsc');
});
test.each(['kvm', 'tcg'] as const)('getKernelLine: a panic is the end, with %s', (accel) => {
  expect(` ${getKernelLine({ accel, tscKhz: 1, extra: ['x=1'] })} `).toMatch(/ panic=-1 .* x=1 $/);
});

const CPUINFO = 'processor\t: 0\ncpu MHz\t\t: 2599.998\ncache size\t: 1 KB\ncpu MHz\t\t: 1000.000\n';
test.each<[string, boolean, number | undefined]>([
  [CPUINFO, false, 2_599_998],
  [CPUINFO, true, undefined],
  ['processor\t: 0\n', false, undefined],
])('parseTscKhz %#', (text, hasCpufreq, khz) => expect(parseTscKhz(text, hasCpufreq)).toBe(khz));
