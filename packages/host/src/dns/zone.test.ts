import { expect, test } from 'bun:test';
import { ask, createSource, createTestResponder, makeQuery, makeRecord, NETWORK } from './testing.ts';
import { watchZone } from './zone.ts';

const thousand = Array.from({ length: 1000 }, (_, n) =>
  makeRecord(`p${n % 10}/n${n}`, {
    state: 'stopped',
    address: `192.168.${64 + Math.floor(n / 250)}.${n % 250}`,
  }),
);

test('watchZone: made anew where the registry changed, and only there', () => {
  const source = createSource([makeRecord('shop/mercury')]);
  const getZone = watchZone(source, NETWORK);
  const first = getZone();
  expect(getZone()).toBe(first);
  source.put(makeRecord('web/mercury', { address: '192.168.64.3' }));
  expect(getZone()).not.toBe(first);
  expect(getZone().short.get('mercury')).toBe('ambiguous');
  expect(first.short.get('mercury')).toMatchObject({ address: '192.168.64.2' });
});

test('a thousand records without machines, and ten changes for every hundred questions: nothing a person notices', () => {
  const source = createSource([...thousand, makeRecord('shop/mercury')]);
  const responder = createTestResponder(source);
  const startedAt = performance.now();
  for (let n = 0; n < 1000; n += 1) {
    if (n % 10 === 0) source.put(makeRecord('shop/mercury', { session: `${n}` }));
    expect(ask(responder, makeQuery('mercury.shop.cspace2.local')).answers).toHaveLength(1);
  }
  // A hundred changes, so a hundred times all names: some ten milliseconds each would be too slow.
  expect(performance.now() - startedAt).toBeLessThan(2000);
});
