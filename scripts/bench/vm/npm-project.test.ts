import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { getCachedPath, getNpmProject, writeNpmProject } from './npm-project.ts';

const integrity = (text: string) => `sha512-${Buffer.from(text.padEnd(64)).toString('base64')}`;
const PACKAGES = {
  '': { version: '0.0.0' },
  'packages/host': { version: '0.0.0' },
  'node_modules/@cspace/host': { link: true },
  'node_modules/a': { version: '1.0.0', integrity: integrity('a'), dependencies: { c: '1' } },
  'node_modules/a/node_modules/c': { version: '1.0.0', integrity: integrity('c1') },
  'node_modules/@x/b': { version: '2.0.0', integrity: integrity('b') },
  'node_modules/binary': { version: '1.0.0', integrity: integrity('d'), os: ['linux'] },
};

describe('getNpmProject', () => {
  test('packages at the top that run everywhere, by name and version, each from its tarball', () => {
    const { packageJson, lock, tarballs } = getNpmProject(PACKAGES);
    expect(packageJson).toMatchObject({ dependencies: { a: '1.0.0', '@x/b': '2.0.0' } });
    expect(tarballs.map(({ file }) => file)).toEqual(['tarballs/0.tgz', 'tarballs/1.tgz']);
    expect(lock).toMatchObject({
      packages: {
        'node_modules/a': { version: '1.0.0', resolved: 'file:tarballs/0.tgz', integrity: integrity('a') },
        'node_modules/@x/b': { version: '2.0.0', resolved: 'file:tarballs/1.tgz' },
      },
    });
    expect(Object.keys((lock as { packages: object }).packages)).toHaveLength(3);
  });
});

describe('writeNpmProject', () => {
  let folder: string;
  let source: { lockFile: string; cache: string; mostBytes: number };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cspace-bench-'));
    source = { lockFile: join(folder, 'lock.json'), cache: join(folder, 'cache'), mostBytes: 10 };
    writeFileSync(source.lockFile, JSON.stringify({ packages: PACKAGES }));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const put = (name: string, text: string) => {
    const path = getCachedPath(source.cache, integrity(name));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };

  test('with the tarballs that are small enough', () => {
    put('a', 'small');
    put('b', 'more than ten bytes');
    expect(writeNpmProject(join(folder, 'project'), source)).toBe(1);
    expect(readdirSync(join(folder, 'project')).sort()).toEqual([
      'package-lock.json',
      'package.json',
      'tarballs',
    ]);
    expect(readFileSync(join(folder, 'project/tarballs/0.tgz'), 'utf8')).toBe('small');
  });

  test('a cache that lacks one', () => {
    put('a', 'small');
    expect(() => writeNpmProject(join(folder, 'project'), source)).toThrow('lacks 1 of 2 packages');
  });
});
