import { expect, test } from 'bun:test';
import { locateHome } from './locate-home.ts';

const locate = (length: number, platform: NodeJS.Platform) =>
  locateHome({
    env: { CSPACE_HOME: `/${'x'.repeat(length - 1)}` },
    owner: { uid: 501, gid: 20 },
    platform,
  }).then(
    () => 'fits',
    (error) => error.problem.code,
  );

test('locateHome: a home as long as a socket in it can have, on each host, and one longer', async () => {
  const rest = '/daemon.sock'.length;
  for (const [platform, most] of [
    ['linux', 107],
    ['darwin', 103],
  ] as const) {
    expect(await locate(most - rest, platform)).toBe('fits');
    expect(await locate(most - rest + 1, platform)).toBe('config-invalid');
  }
});
