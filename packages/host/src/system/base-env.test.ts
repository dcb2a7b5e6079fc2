import { expect, test } from 'bun:test';
import { getBaseEnv } from './base-env.ts';

test('getBaseEnv: on a Mac what a user installed is found too, after what the system brings', () => {
  expect(getBaseEnv('darwin').PATH).toBe(`${getBaseEnv('linux').PATH}:/opt/homebrew/bin`);
  expect(getBaseEnv('linux').PATH).toStartWith('/usr/local/sbin:/usr/local/bin:');
});
