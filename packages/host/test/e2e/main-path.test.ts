import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADDRESS, SUBSTRATE } from '../support/substrate-under-test.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
beforeAll(() => {
  world = createWorld();
});
afterAll(() => world.dispose());

const clone = (...path: string[]) => join(world.home, 'clones/shop/mercury', ...path);

describe('the main path', () => {
  test('up -m: the agent runs a command in the sandbox, what it says is on stdout, exit code 0', async () => {
    const up = await world.cspace(['up', 'mercury', '-m', 'run: uname -n && git log --oneline']);
    expect(up.stderr).toContain('practice model');
    expect(up.stdout).toContain('mercury');
    expect(up.stdout).toContain('first commit, never pushed');
    expect(up.code).toBe(0);
  });

  test('up of a running sandbox says so and exits 0', async () => {
    const up = await world.cspace(['up', 'mercury']);
    expect(up.stderr + up.stdout).toContain('already');
    expect(up.code).toBe(0);
  });

  test('ls --json has the sandbox with all that a program needs', async () => {
    const { stdout } = await world.cspace(['ls', '--json']);
    expect(JSON.parse(stdout).sandboxes).toEqual([
      expect.objectContaining({
        project: 'shop',
        sandbox: 'mercury',
        state: 'running',
        address: expect.stringMatching(ADDRESS),
        substrate: SUBSTRATE,
        branch: 'cspace/mercury',
        session: expect.stringMatching(/^[0-9a-f-]{36}$/),
      }),
    ]);
  });

  test('a file that the agent writes is in the clone and belongs to the owner', async () => {
    const send = await world.cspace(['send', 'mercury', '--follow', 'write made.txt: by the agent']);
    expect(send.code).toBe(0);
    expect(readFileSync(clone('made.txt'), 'utf8')).toContain('by the agent');
    expect(statSync(clone('made.txt')).uid).toBe(process.getuid?.() ?? -1);
  });

  test('exec passes streams and exit code, with the clone as working directory', async () => {
    const exec = await world.cspace(['exec', 'mercury', '--', 'sh', '-c', 'pwd; id -un; cat; exit 42'], {
      input: 'from the host\n',
    });
    expect(exec.stdout).toBe('/workspace\ndev\nfrom the host\n');
    expect(exec.code).toBe(42);
  });

  test('logs shows the turns, --json the events in order', async () => {
    const logs = await world.cspace(['logs', 'mercury']);
    expect(logs.stdout).toContain('uname -n');
    const json = await world.cspace(['logs', 'mercury', '--json']);
    const events = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.filter((event) => event.type === 'turn.ended')).toHaveLength(2);
  });

  test('rm refuses to delete work that is nowhere else, with exit 5', async () => {
    const rm = await world.cspace(['rm', 'mercury']);
    expect(rm.code).toBe(5);
    expect(rm.stderr).toContain('made.txt');
    expect(existsSync(clone('made.txt'))).toBe(true);
  });

  test('fetch brings the commits to the host repository', async () => {
    const commit = 'run: git add -A && git commit -qm "work of the agent" && git log -1 --format=%an';
    expect((await world.cspace(['send', 'mercury', '--follow', commit])).stdout).toContain('Ada Lovelace');
    const fetch = await world.cspace(['fetch', 'mercury']);
    expect(fetch.code).toBe(0);
    expect(world.git(['log', '-1', '--format=%s', 'cspace/mercury'])).toBe('work of the agent');
  });

  test('down keeps clone and session; the next up continues the conversation', async () => {
    expect((await world.cspace(['down', 'mercury'])).code).toBe(0);
    expect(JSON.parse((await world.cspace(['ls', '--json'])).stdout).sandboxes[0]).toMatchObject({
      state: 'stopped',
      address: null,
    });
    expect((await world.cspace(['down', 'mercury'])).code).toBe(0);
    expect((await world.cspace(['up', 'mercury'])).code).toBe(0);
    const send = await world.cspace(['send', 'mercury', '--follow', 'what did I ask you before?']);
    expect(send.stdout).toContain('uname -n && git log');
    expect(send.code).toBe(0);
  });

  test('rm after fetch takes everything away', async () => {
    writeFileSync(join(world.repo, 'later.txt'), 'the host goes on meanwhile');
    expect(await world.cspace(['rm', 'mercury'])).toMatchObject({ code: 0 });
    expect(existsSync(clone())).toBe(false);
    expect(existsSync(join(world.home, 'sessions/shop/mercury'))).toBe(false);
    expect(JSON.parse((await world.cspace(['ls', '--json'])).stdout).sandboxes).toEqual([]);
  });
});
