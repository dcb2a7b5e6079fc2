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
  test('milliseconds, of what is asked for', () => {
    expect(parseTimed('noise\nwrite\t1500\nread\t20\n', ['write'])).toEqual({ write: 1.5 });
  });

  test('a part that is missing', () => {
    expect(() => parseTimed('write\t15\n', ['write', 'read'])).toThrow('nothing was said of read');
  });
});
