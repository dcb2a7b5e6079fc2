import { expect, test } from 'bun:test';
import { getHomeLabel } from '../substrate/labels.ts';
import { getAlias, getCableAlias, getCables, getOwnership, parseAlias } from './links.ts';

const HOME = '/home/ada/.cspace';
const LABEL = getHomeLabel(HOME);
const MAC = '02:c5:c0:a8:40:01';
const bridge = { ifname: 'cspace0', address: MAC, linkinfo: { info_kind: 'veth' } };
const own = (link: Parameters<typeof getOwnership>[0]) => getOwnership(link, LABEL, MAC).kind;

test('getAlias is read back by parseAlias', () =>
  expect(parseAlias(getAlias(HOME, 1501))).toEqual({ homeLabel: LABEL, uid: 1501, path: HOME }));
test('getAlias fits what the kernel takes, whatever the path', () => {
  const alias = getAlias(`/home/ä"\n${'x'.repeat(4000)}`, 4_294_967_294);
  expect(Buffer.byteLength(alias)).toBeLessThan(256);
  expect(parseAlias(alias)?.uid).toBe(4_294_967_294);
});

test('getOwnership: none, ours, another home, foreign', () => {
  expect(own(undefined)).toBe('none');
  expect(own({ ...bridge, ifalias: getAlias(HOME, 0) })).toBe('ours');
  expect(own({ ...bridge, ifalias: getAlias('/root/.cspace', 0) })).toBe('other-home');
  expect(own({ ...bridge, address: '02:42:00:00:00:01' })).toBe('foreign');
  expect(own({ ...bridge, ifalias: 'mine' })).toBe('foreign');
  expect(own({ ...bridge, linkinfo: { info_kind: 'bridge' } })).toBe('foreign');
});
test('getOwnership: a bridge that was made but not yet noted is ours', () =>
  expect(own(bridge)).toBe('ours'));

const cables = (...links: Parameters<typeof getCables>[0]) =>
  getCables(links, { group: 7, homeLabel: LABEL });
const cable = { ifname: 'csc0a84002', group: '7' };
test('getCables: by our note, whatever became of the group; without a note by the group', () => {
  const ifalias = getCableAlias(LABEL);
  expect(
    cables({ ...cable, ifalias }, { ...cable, ifname: 'csc0a84003', group: 'default', ifalias }),
  ).toEqual(['csc0a84002', 'csc0a84003']);
  expect(cables(cable)).toEqual(['csc0a84002']);
});
test('getCables: nothing of another home, of another group, or of another name', () => {
  const other = { ...cable, ifalias: getCableAlias('0123456789ab') };
  expect(cables(other, { ...cable, group: 'default' }, { ...cable, ifname: 'eth0' })).toEqual([]);
});
