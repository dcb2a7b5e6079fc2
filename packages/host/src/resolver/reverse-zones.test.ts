import { expect, test } from 'bun:test';
import { getReverseZones } from './reverse-zones.ts';

test.each([
  ['192.168.64.0/24', 1, '64.168.192.in-addr.arpa'],
  ['192.168.0.0/16', 1, '168.192.in-addr.arpa'],
  ['10.9.64.0/22', 4, '64.9.10.in-addr.arpa'],
  ['10.9.8.16/28', 16, '16.8.9.10.in-addr.arpa'],
])('getReverseZones: %s has %d, from %s', (subnet, count, first) => {
  const zones = getReverseZones(subnet);
  expect(zones[0]).toBe(first);
  expect(new Set(zones).size).toBe(count);
});
