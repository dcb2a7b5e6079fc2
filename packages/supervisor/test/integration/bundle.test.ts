import { expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWorld, TEST_MS } from '../world.ts';

test(
  'the bundle, as the image has it: runs a turn with no node_modules near',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cspace-bundle-'));
    const bundle = join(folder, 'cspace-supervisor.js');
    const main = join(import.meta.dir, '..', '..', 'src', 'main.ts');
    const argv = [process.execPath, 'build', '--target=bun', main, '--outfile', bundle];
    const build = Bun.spawnSync(argv, { stdout: 'ignore', stderr: 'pipe', timeout: 60_000 });
    expect(build.stderr.toString()).toBe('');
    const world = await createWorld(bundle);
    try {
      await world.start();
      const turn = await world.send('run: echo from-the-bundle');
      expect((await world.ended(turn)).data.outcome).toBe('completed');
      expect(await world.stop()).toBe(0);
    } finally {
      await world.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
  TEST_MS,
);
