import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getHostName } from '../support/substrate-under-test.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
beforeAll(() => {
  world = createWorld();
});
afterAll(() => world.dispose());

async function list() {
  return JSON.parse((await world.cspace(['ls', '--json'])).stdout).sandboxes;
}

describe('several at once', () => {
  test('two sandboxes work at the same time, each in its own machine', async () => {
    const names = ['mercury', 'venus'];
    const ups = await Promise.all(names.map((name) => world.cspace(['up', name, '-m', 'run: uname -n'])));
    ups.forEach((up, index) => {
      expect(up).toMatchObject({ code: 0 });
      expect(up.stdout).toContain(names[index] ?? '?');
    });
    const sandboxes = await list();
    expect(new Set(sandboxes.map((s: { address: string }) => s.address)).size).toBe(2);
    expect(new Set(sandboxes.map((s: { session: string }) => s.session)).size).toBe(2);
  });

  test('up twice at once gives one machine', async () => {
    const ups = await Promise.all([1, 2, 3].map(() => world.cspace(['up', 'earth', '--json'])));
    expect(ups.map((up) => up.code)).toEqual([0, 0, 0]);
    const ends = ups.map((up) => JSON.parse(up.stdout.trim().split('\n').at(-1) ?? ''));
    expect(ends.filter((end) => end.created)).toHaveLength(1);
    expect((await list()).filter((s: { sandbox: string }) => s.sandbox === 'earth')).toHaveLength(1);
  });

  test('up without a name picks a free one', async () => {
    const up = await world.cspace(['up', '--json']);
    const end = JSON.parse(up.stdout.trim().split('\n').at(-1) ?? '');
    expect(end.sandbox.sandbox).toBe('mars');
    expect((await world.cspace(['rm', 'mars'])).code).toBe(0);
  });

  test('twenty CLIs at once start one daemon and all succeed', async () => {
    await world.cspace(['daemon', 'stop']);
    const all = await Promise.all(Array.from({ length: 20 }, () => world.cspace(['ls', '--json'])));
    expect(all.map((one) => one.code)).toEqual(Array(20).fill(0));
    expect(JSON.parse(all[0]?.stdout ?? '').sandboxes).toHaveLength(3);
  });
});

describe('what cannot be', () => {
  test.each([
    ['Mercury'],
    ['-mercury'],
    ['a--b'],
    ['../x'],
    ['a/b/c'],
    ['a b'],
    ['ü'],
    ['x'.repeat(60)],
    [''],
  ])('up %j exits 2 and leaves nothing', async (name) => {
    const before = await list();
    const up = await world.cspace(['up', '--', name]);
    expect(up.code).toBe(2);
    expect(up.stderr).not.toBe('');
    expect(await list()).toEqual(before);
  });

  test('up in another repository of the same project name exits 5 and names the first', async () => {
    const other = join(world.folder, 'elsewhere/shop');
    world.git(['clone', '-q', world.repo, other]);
    const up = await world.cspace(['up', 'pluto'], { cwd: other });
    expect(up.code).toBe(5);
    expect(up.stderr).toContain('.cspace.json');
    writeFileSync(join(other, '.cspace.json'), '{ "project": "shop-two" }');
    expect((await world.cspace(['up', 'pluto'], { cwd: other })).code).toBe(0);
  });

  test('daemon stop leaves running sandboxes running and says so', async () => {
    const stop = await world.cspace(['daemon', 'stop']);
    expect(stop.code).toBe(0);
    expect(stop.stdout + stop.stderr).toContain('mercury');
    const exec = await world.cspace(['exec', 'mercury', '--', 'uname', '-n']);
    expect(exec.stdout).toBe(`${getHostName('shop', 'mercury')}\n`);
  });
});
