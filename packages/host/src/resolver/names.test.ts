import { expect, test } from 'bun:test';
import { getHostsEntries } from './names.ts';

const GATEWAY = '192.168.64.1';
const at = (sandbox: string, project: string, address?: string) => ({ sandbox, project, address });
const get = (...sandboxes: ReturnType<typeof at>[]) =>
  getHostsEntries(sandboxes, GATEWAY)
    .slice(1)
    .map(({ address, names }) => [address, ...names].join(' '));

test('getHostsEntries: the zones are the gateway', () =>
  expect(getHostsEntries([], GATEWAY)).toEqual([
    { address: GATEWAY, names: ['cspace2.local', 'cspace.test'] },
  ]));
test('getHostsEntries: full and short names, both zones', () =>
  expect(get(at('mercury', 'shop', '192.168.64.2'))).toEqual([
    '192.168.64.2 mercury.shop.cspace2.local mercury.shop.cspace.test mercury.cspace2.local mercury.cspace.test',
  ]));
test('getHostsEntries: no short name where two projects have it, running or not', () =>
  expect(get(at('mercury', 'shop', '192.168.64.2'), at('mercury', 'blog'))).toEqual([
    '192.168.64.2 mercury.shop.cspace2.local mercury.shop.cspace.test',
  ]));
test('trap-12: getHostsEntries names nothing whose machine does not run', () =>
  expect(get(at('mercury', 'shop'))).toEqual([]));
test('getHostsEntries: the order does not depend on that of the registry', () => {
  const [a, b] = [at('a', 'x', '192.168.64.3'), at('b', 'x', '192.168.64.2')];
  expect(get(a, b)).toEqual(get(b, a));
});
