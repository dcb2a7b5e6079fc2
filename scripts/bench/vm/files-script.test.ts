import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTimed, WORK, WORK_SCRIPT } from './files-script.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-bench-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const bash = (script: string) => {
  const env = { PATH: process.env.PATH ?? '', HOME: folder, LC_ALL: 'C' };
  const child = Bun.spawnSync(['bash', '-c', script], { cwd: folder, env, timeout: 60_000 });
  return { code: child.exitCode, stdout: child.stdout.toString() };
};

describe('WORK_SCRIPT', () => {
  test('says how long each part took, and leaves nothing', () => {
    expect(bash('git init -q . && touch file && git add file').code).toBe(0);
    const { code, stdout } = bash(WORK_SCRIPT);
    expect(code).toBe(0);
    const figures = parseTimed(stdout, WORK);
    expect(Object.keys(figures)).toEqual([...WORK]);
    for (const ms of Object.values(figures)) expect(ms).toBeGreaterThan(0);
    expect(readdirSync(folder).sort()).toEqual(['.git', 'file']);
  });

  test('what fails is no figure', () => {
    expect(bash(WORK_SCRIPT)).toEqual({ code: 128, stdout: '' });
  });
});

describe('parseTimed', () => {
  test.each([['1700000000.500000'], ['1700000000,500000']])('milliseconds from %s', (from) => {
    const text = `noise\nwrite\t${from}\t1700000002.750000\nread\t1.0\t2.0\n`;
    expect(parseTimed(text, ['write'])).toEqual({ write: 2250 });
  });

  test.each([['write\t1.0\t2.0'], ['read\t1.0'], ['read\t1.0\tlater'], ['']])(
    '%j says nothing of read',
    (text) => {
      expect(() => parseTimed(text, ['read'])).toThrow('nothing was said of read');
    },
  );
});
