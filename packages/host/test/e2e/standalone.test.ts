import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createWorld, type World } from '../support/world.ts';

const build = resolve(import.meta.dir, '../../../../scripts/build');

let folder: string;
let world: World;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-standalone-'));
  const binary = join(folder, 'cspace');
  const built = Bun.spawnSync([build, binary], { timeout: 100_000 });
  expect(`${built.exitCode} ${built.stderr}`).toBe('0 ');
  world = createWorld({ command: [binary], project: 'alone' });
  writeFileSync(join(world.repo, '.env'), 'ANTHROPIC_API_KEY=sk-ant-api03-of-the-project\n');
  writeFileSync(join(world.repo, 'bunfig.toml'), 'preload = ["./preload.ts"]\n');
  writeFileSync(join(world.repo, 'preload.ts'), 'console.log("PRELOADED");\n');
});
afterAll(async () => {
  await world?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

test('the standalone binary has the image’s files in it: up runs a turn, with the image of the checkout', async () => {
  const up = await world.cspace(['up', 'mercury', '-m', 'run: uname -n']);
  expect(up).toMatchObject({ code: 0 });
  expect(up.stdout).toContain('mercury');
  // The same content has the same tag: had it another, it would have been built, for which the lab has no way out.
  expect(up.stderr).not.toContain('building it');
});

test('the standalone binary reads nothing of the folder it is called in', async () => {
  const up = await world.cspace(['up', 'venus', '--json']);
  expect(up).toMatchObject({ code: 0 });
  expect(up.stdout + up.stderr).not.toContain('PRELOADED');
  // A key in the project's .env would have been taken for the user's.
  expect(JSON.parse(up.stdout.trim().split('\n').at(-1) ?? '').sandbox.practice).toBe(true);
});
