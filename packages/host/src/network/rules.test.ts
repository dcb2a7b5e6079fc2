import { expect, test } from 'bun:test';
import { getRules, getRulesRemoval, getZone, type Member } from './rules.ts';

const CONFIG = { bridge: 'cspace0', subnet: '192.168.64.0/24', ports: { dns: 5354, http: 6280 } };
const member = (n: number, project: string, network: Member['network'] = 'nat'): Member => ({
  address: `192.168.64.${n}`,
  project,
  sandbox: `s${n}`,
  network,
});
/** The part of the rules between a line that begins so and the brace that ends it, blanks made one. */
function find(members: Member[], start: string): string {
  const text = getRules(CONFIG, members).replace(/\s+/g, ' ');
  return text.slice(text.indexOf(start)).split('}')[0] ?? '';
}

test('getRules replaces the whole table', () =>
  expect(getRules(CONFIG, [])).toStartWith(
    'table inet cspace0 {}\ndelete table inet cspace0\ntable inet cspace0 {',
  ));
test('getRulesRemoval works where there is no table', () =>
  expect(getRulesRemoval(CONFIG)).toBe('table inet cspace0 {}\ndelete table inet cspace0\n'));
test('getRules: each member over its own cable', () =>
  expect(find([member(2, 'a'), member(3, 'b', 'none')], 'set cables')).toContain(
    '"csc0a84002" . 192.168.64.2, "csc0a84003" . 192.168.64.3',
  ));
test('getRules: a chain for each project that has siblings, closed ones left out', () => {
  const members = [member(2, 'a'), member(3, 'b'), member(4, 'a'), member(5, 'a', 'none')];
  expect(find(members, 'chain project_0')).toContain('ip daddr { 192.168.64.2, 192.168.64.4');
  expect(getRules(CONFIG, members)).not.toContain('project_1');
  expect(find(members, 'set closed')).toContain('elements = { 192.168.64.5');
  expect(find(members, 'set open')).not.toContain('192.168.64.5');
});
test('getRules: the ports of the configuration', () => {
  const text = getRules({ ...CONFIG, ports: { dns: 53, http: 80 } }, []);
  expect(text).toContain('tcp dport { 53, 80 }');
  expect(text).not.toMatch(/5354|6280/);
});
test('getZone: the same for the same sandbox, never the zone of all others', () => {
  const elsewhere = { ...member(2, 'a', 'none'), address: '192.168.64.9' };
  expect(getZone(member(2, 'a'))).toBe(getZone(elsewhere));
  expect(getZone(member(2, 'a'))).not.toBe(getZone(member(2, 'b')));
  for (let n = 0; n < 2000; n += 1) expect(getZone(member(n, 'p'))).toBeWithin(1, 65536);
});
