import { expect, test } from 'bun:test';
import { getHomeLabel, getLabels, LABELS, parseLabels } from './labels.ts';

const REF = { project: 'shop', sandbox: 'mercury' };
const HOME = getHomeLabel('/home/ada/.cspace');

test('getHomeLabel is 12 hexadecimal digits, another for another path', () => {
  expect(HOME).toMatch(/^[0-9a-f]{12}$/);
  expect(getHomeLabel('/home/bob/.cspace')).not.toBe(HOME);
});
test('parseLabels reads what getLabels made', () =>
  expect(parseLabels(getLabels(REF, HOME), HOME)).toEqual(REF));
test.each([
  ['another home', { [LABELS.home]: '000000000000' }],
  ['a name that is none', { [LABELS.sandbox]: '../mercury' }],
  ['an empty name', { [LABELS.project]: '' }],
])('parseLabels: not ours with %s', (_, change) =>
  expect(parseLabels({ ...getLabels(REF, HOME), ...change }, HOME)).toBeUndefined(),
);
test('parseLabels: not ours without labels', () => expect(parseLabels({}, HOME)).toBeUndefined());
