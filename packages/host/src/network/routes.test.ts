import { expect, test } from 'bun:test';
import { parseSubnet } from './addresses.ts';
import { findOverlap, hasGuardRoute, parseRoutes } from './routes.ts';

const SUBNET = parseSubnet('192.168.64.0/24');
const find = (dst: string, dev = 'tun0') => findOverlap([{ dst, dev }], SUBNET, 'cspace0')?.dev;

test.each(['192.168.0.0/16', '192.168.64.0/24', '192.168.64.128/25', '192.168.64.7'])(
  'findOverlap names the interface of %s',
  (dst) => expect(find(dst)).toBe('tun0'),
);
test.each(['192.168.65.0/24', '192.168.63.0/24', 'default', '0.0.0.0/1', '128.0.0.0/1', '10.0.0.0/8'])(
  'findOverlap lets %s pass',
  (dst) => expect(find(dst)).toBeUndefined(),
);
test('findOverlap ignores our own bridge', () => expect(find('192.168.64.0/24', 'cspace0')).toBeUndefined());
test('findOverlap ignores the cable of a sandbox, on its own address only', () => {
  expect(find('192.168.64.7', 'csc0a84007')).toBeUndefined();
  expect(find('192.168.64.8', 'csc0a84007')).toBe('csc0a84007');
});
test('findOverlap ignores routes to nowhere', () =>
  expect(findOverlap([{ type: 'unreachable', dst: '192.168.64.0/24' }], SUBNET, 'cspace0')).toBeUndefined());

test('hasGuardRoute wants type, subnet and metric', () => {
  const guard = { type: 'unreachable', dst: '192.168.64.0/24', metric: 4096 };
  const has = (route: object) => hasGuardRoute([{ ...guard, ...route }], '192.168.64.0/24', 4096);
  expect(has({})).toBe(true);
  expect(has({ metric: 5 })).toBe(false);
  expect(has({ type: 'unicast' })).toBe(false);
  expect(has({ dst: '192.168.65.0/24' })).toBe(false);
});

test('parseRoutes reads what ip prints, and nothing', () => {
  expect(parseRoutes('')).toEqual([]);
  expect(parseRoutes('[{"dst":"default","gateway":"192.0.2.1","dev":"eth0","flags":[]}]')).toEqual([
    { dst: 'default', dev: 'eth0' },
  ]);
  expect(() => parseRoutes('{"dst":1}')).toThrow();
});
