import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nameFolder } from './name-folder.ts';

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'cspace-name-')), 'an odd %41 name');
  mkdirSync(folder);
  writeFileSync(join(folder, 'file'), 'text');
});
afterEach(() => rmSync(dirname(folder), { recursive: true, force: true }));

test.each(['linux', 'darwin'] as const)(
  'nameFolder on %s: a plain path to the same folder, until it is released',
  (platform) => {
    const named = nameFolder(folder, platform);
    expect(named.folder).toMatch(/^[\w./-]{1,40}$/);
    expect(readFileSync(join(named.folder, 'file'), 'utf8')).toBe('text');
    named.release();
    expect(existsSync(join(named.folder, 'file'))).toBe(false);
    expect(existsSync(join(folder, 'file'))).toBe(true);
  },
);
