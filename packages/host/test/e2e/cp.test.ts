import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { OUTPUT_SCHEMAS } from '../../src/cli/output/schemas.ts';
import { patient } from '../support/substrate-under-test.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
let folder: string;
beforeAll(async () => {
  world = createWorld();
  folder = join(world.repo, 'copies');
  mkdirSync(folder);
  expect(await world.cspace(['up', 'mercury'])).toMatchObject({ code: 0 });
}, patient(120_000));
afterAll(() => world.dispose(), patient(60_000));

const cp = (...args: string[]) => world.cspace(['cp', ...args], { cwd: folder });
const guest = async (...argv: string[]) => (await world.cspace(['exec', 'mercury', '--', ...argv])).stdout;

const MIB = 1024 * 1024;

describe('cp', () => {
  test('a folder goes in, belongs to dev there, and comes out as it was', async () => {
    mkdirSync(join(folder, 'tree/sub'), { recursive: true });
    writeFileSync(join(folder, 'tree/run.sh'), '#!/bin/sh\necho ran', { mode: 0o755 });
    writeFileSync(join(folder, 'tree/sub/ä b'), 'text');
    symlinkSync('sub/ä b', join(folder, 'tree/link'));
    expect(await cp('tree', 'mercury:')).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(await guest('sh', '-c', './tree/run.sh; cat tree/link; stat -c %U tree tree/run.sh')).toBe(
      'ran\ntextdev\ndev\n',
    );
    const out = await cp('mercury:tree', 'back', '--json');
    expect(OUTPUT_SCHEMAS.cp.parse(JSON.parse(out.stdout))).toEqual({ files: 2, bytes: 22, leftOut: [] });
    expect(readdirSync(join(folder, 'back')).sort()).toEqual(['link', 'run.sh', 'sub']);
    expect(readFileSync(join(folder, 'back/link'), 'utf8')).toBe('text');
    expect(statSync(join(folder, 'back/run.sh'))).toMatchObject({ uid: process.getuid?.() });
    expect(readdirSync(folder).sort()).toEqual(['back', 'tree']);
  });

  test('many bytes come through both ways, whole', async () => {
    const bytes = new Uint8Array(24 * MIB);
    for (let at = 0; at < bytes.length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
    writeFileSync(join(folder, 'big'), bytes);
    expect(await cp('big', 'mercury:/tmp/')).toMatchObject({ code: 0 });
    expect(await cp('mercury:/tmp/big', 'again')).toMatchObject({ code: 0 });
    expect(Bun.hash(readFileSync(join(folder, 'again')))).toBe(Bun.hash(bytes));
  });

  test('what is not there, or not allowed, fails with its reason; --root is allowed it', async () => {
    expect(await cp('mercury:none', '.')).toMatchObject({ code: 4 });
    expect(await cp('none', 'mercury:')).toMatchObject({ code: 4 });
    expect(await cp('venus:x', '.')).toMatchObject({ code: 4 });
    expect(await cp('/dev/full', 'mercury:')).toMatchObject({ code: 2 });
    // It says that it has 4096 bytes, and has a few.
    const short = await cp('/sys/kernel/uevent_seqnum', 'mercury:');
    expect(short).toMatchObject({ code: 1 });
    expect(short.stderr).toContain('/sys/kernel/uevent_seqnum cannot be read');
    expect(await guest('sh', '-c', 'ls | grep uevent || echo none')).toBe('none\n');
    const refused = await cp('big', 'mercury:/etc/big');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('Permission denied');
    expect(await cp('--root', 'big', 'mercury:/etc/big')).toMatchObject({ code: 0 });
    expect(await guest('stat', '-c', '%U', '/etc/big')).toBe('root\n');
  });
});

test('exec: whoever reads slowly holds the command back, and gets all of it', async () => {
  const size = 500 * MIB;
  const fifo = join(world.folder, 'fifo');
  Bun.spawnSync(['mkfifo', fifo]);
  const held = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const argv = ['exec', 'mercury', '--', 'head', '-c', String(size), '/dev/zero'];
  const child = world.start(argv, { stdoutTo: fifo });
  // In that time all of it would have come, by a good measure.
  await Bun.sleep(patient(5000));
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  expect(Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1024).toBeLessThan(200);
  const counting = Bun.spawn(['wc', '-c', fifo], { stdout: 'pipe', timeout: patient(60_000) });
  expect(Number.parseInt(await new Response(counting.stdout).text(), 10)).toBe(size);
  expect(await child.exited).toBe(0);
  closeSync(held);
});
