import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { addToDockerfile, pickOldTags } from './web-image-parts.ts';

test('addToDockerfile: the lines come before the bundles, and everything else stays', () => {
  const own = readFileSync('image/Dockerfile', 'utf8');
  const added = addToDockerfile(own, 'RUN it\n');
  expect(added.replace('RUN it\n', '')).toBe(own);
  expect(added.indexOf('RUN it')).toBeLessThan(added.indexOf('COPY bundles/'));
  expect(added.indexOf('RUN it')).toBeGreaterThan(added.indexOf('COPY rootfs/ /'));
});

test('addToDockerfile refuses a Dockerfile of another shape', () =>
  expect(() => addToDockerfile('FROM scratch\n', 'RUN it\n')).toThrow('image/Dockerfile'));

test('pickOldTags: two others stay, the current one and foreign ones always', () => {
  const tags = [
    'localhost/cspace:1',
    ...['5', '4', '3', '2', '1'].map((n) => `localhost/cspace-web:${n}`),
    '',
  ];
  expect(pickOldTags(tags, 'localhost/cspace-web:3')).toEqual([
    'localhost/cspace-web:2',
    'localhost/cspace-web:1',
  ]);
});
