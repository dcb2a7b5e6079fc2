import { expect, test } from 'bun:test';
import { parseInstalled, readImagePins } from './pins.ts';

test('parseInstalled: the packages, over the ends of lines, without options', () =>
  expect(
    parseInstalled(
      'RUN apt-get -qq update \\\n && X=1 apt-get -qq install -y --no-install-recommends \\\n   a b \\\n   c++ \\\n # why\n && rm x\n',
    ),
  ).toEqual(['a', 'b', 'c++']));

test.each(['arm64', 'amd64'])('readImagePins: every package of the image has a pin for %s', async (arch) => {
  const { packages, debian } = await readImagePins(arch);
  expect(packages.length).toBeGreaterThan(4);
  for (const { package: found } of packages) expect(found.integrity).toMatch(/^sha512-.{88}$/);
  expect(debian).toContain('tini');
});
