import { expect, test } from 'bun:test';
import {
  getCableName,
  getGateway,
  getLinkGroup,
  getMac,
  parseAddress,
  parseSubnet,
  pickAddress,
} from './addresses.ts';

const SUBNET = '192.168.64.0/24';

test('getGateway is the first address', () => expect(getGateway(SUBNET)).toBe('192.168.64.1'));
test('getMac holds the address', () => expect(getMac('192.168.64.12')).toBe('02:c5:c0:a8:40:0c'));
test('getCableName fits an interface name', () => {
  expect(getCableName('192.168.64.12')).toBe('csc0a8400c');
  expect(getCableName('255.255.255.255').length).toBeLessThanOrEqual(15);
});

test('getLinkGroup is a number of 31 bits, another one for each subnet', () => {
  expect(getLinkGroup('192.168.64.0/24')).toBe(0xc0a8400);
  expect(getLinkGroup('255.255.255.240/28')).toBeLessThan(2 ** 31);
  expect(getLinkGroup('10.0.0.16/28')).not.toBe(getLinkGroup('10.0.0.0/28'));
});

test.each(['', '1.2.3', '1.2.3.256', '01.2.3.4', '1.2.3.4.5', 'a.b.c.d', '1.2.3.-4'])(
  'parseAddress refuses "%s"',
  (text) => expect(parseAddress(text)).toBeUndefined(),
);
test.each(['192.168.64.1/24', '192.168.64.0/30', '10.0.0.0/8', '192.168.64.0', 'fd00::/64', '1.2.3.0/24 x'])(
  'parseSubnet refuses "%s"',
  (text) => expect(() => parseSubnet(text)).toThrow('is not a subnet'),
);

test('pickAddress gives the lowest free one', () =>
  expect(pickAddress(SUBNET, new Set(['192.168.64.2']))).toBe('192.168.64.3'));
test('pickAddress gives the preferred one where it is free', () =>
  expect(pickAddress(SUBNET, new Set(), '192.168.64.9')).toBe('192.168.64.9'));
test('pickAddress takes another where the preferred one is taken', () =>
  expect(pickAddress(SUBNET, new Set(['192.168.64.9']), '192.168.64.9')).toBe('192.168.64.2'));
test.each(['192.168.64.0', '192.168.64.1', '192.168.64.255', '10.0.0.2', 'nonsense'])(
  'pickAddress does not give %s',
  (preferred) => expect(pickAddress(SUBNET, new Set(), preferred)).toBe('192.168.64.2'),
);
test('pickAddress gives each address once, then none', () => {
  const taken = new Set<string>();
  for (let n = 0; n < 13; n += 1) taken.add(pickAddress('10.9.8.0/28', taken) ?? 'none');
  expect([...taken]).toEqual(Array.from({ length: 13 }, (_, n) => `10.9.8.${n + 2}`));
  expect(pickAddress('10.9.8.0/28', taken)).toBeUndefined();
});
