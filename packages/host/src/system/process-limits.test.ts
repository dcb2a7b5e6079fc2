import { expect, test } from 'bun:test';
import { hasCapability, parseHardLimit } from './process-limits.ts';

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max processes             96365                96365                processes
Max open files            1024                 20000                files
Max locked memory         unlimited            unlimited            bytes
`;
test('parseHardLimit reads the hard one', () => {
  expect(parseHardLimit(LIMITS, 'Max open files')).toBe(20_000);
  expect(parseHardLimit(LIMITS, 'Max locked memory')).toBe(Number.POSITIVE_INFINITY);
  expect(parseHardLimit('', 'Max open files')).toBe(Number.POSITIVE_INFINITY);
});
test('hasCapability reads the effective set', () => {
  expect(hasCapability('CapPrm:\t0\nCapEff:\t000001ffffffffff\n', 24n)).toBe(true);
  expect(hasCapability('CapEff:\t000001fffeffffff\n', 24n)).toBe(false);
  expect(hasCapability('', 24n)).toBe(false);
});
