import { expect, test } from 'bun:test';
import { getAccepts, getDeletions } from './host-firewall.ts';

const CONFIG = { bridge: 'cspace0', subnet: '192.168.64.0/24' };
const OPEN = ['-P INPUT ACCEPT', '-P FORWARD ACCEPT', '-P OUTPUT ACCEPT'];
const rule = (chain: string, side: 'src' | 'dst') =>
  `-A ${chain} -m devgroup --${side}-group 0xc0a8400 -m comment --comment "cspace:cspace0" -j ACCEPT`;
/** Verb and chain of each change. */
const changes = (...lines: string[]) =>
  getAccepts(lines.join('\n'), CONFIG).map(([verb, chain, ...rest]) => `${verb} ${chain} ${rest[2]}`);

test('getAccepts changes nothing where nothing drops', () => expect(changes(...OPEN)).toEqual([]));
test('getAccepts: FORWARD that drops', () =>
  expect(changes('-P INPUT ACCEPT', '-P FORWARD DROP')).toEqual([
    '-I FORWARD --src-group',
    '-I FORWARD --dst-group',
  ]));
test('getAccepts: Docker’s own chain for others, whatever the policy', () =>
  expect(changes(...OPEN, '-N DOCKER-USER')).toEqual([
    '-I DOCKER-USER --src-group',
    '-I DOCKER-USER --dst-group',
  ]));
test('getAccepts: INPUT that drops', () =>
  expect(changes('-P INPUT DROP', '-P FORWARD ACCEPT')).toEqual(['-I INPUT --src-group']));
test('getAccepts leaves what is there, and takes away what is out of date', () => {
  expect(changes('-P FORWARD DROP', rule('FORWARD', 'src'))).toEqual(['-I FORWARD --dst-group']);
  expect(changes('-P FORWARD DROP', rule('FORWARD', 'src'), rule('FORWARD', 'dst'))).toEqual([]);
  expect(changes(...OPEN, rule('FORWARD', 'src'))).toEqual(['-D FORWARD --src-group']);
});
test('getDeletions takes ours and nobody else’s', () => {
  const other = rule('FORWARD', 'src').replace('cspace0', 'cspace01');
  const own = rule('INPUT', 'src').replaceAll('"', '');
  expect(getDeletions(['-A FORWARD -j ACCEPT', other, own].join('\n'), CONFIG)).toEqual([
    ['-D', ...own.slice(3).split(' ')],
  ]);
});
