import { expect, test } from 'bun:test';
import { Name } from '@cspace/protocol/names';
import { pickName } from './pick-name.ts';

test('pickName gives the planets first, then more, never one twice, all of them valid', () => {
  const taken = new Set<string>();
  for (let n = 0; n < 200; n++) {
    const name = pickName((candidate) => taken.has(candidate));
    expect(Name.safeParse(name).success).toBe(true);
    expect(taken.has(name)).toBe(false);
    taken.add(name);
  }
  expect([...taken].slice(0, 3)).toEqual(['mercury', 'venus', 'earth']);
  expect(taken.has('mercury-2')).toBe(true);
});
