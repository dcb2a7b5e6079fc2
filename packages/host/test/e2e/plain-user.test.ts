import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createWorld, type World } from '../support/world.ts';

const UID = 1501;
const checkout = resolve(import.meta.dir, '../../../..');

/**
 * A user with sudo, for the calls made through it and nobody else: passwd, group and sudoers are bound over the host's in
 * a mount namespace of its own. The checkout is bound in too, since its real path may be closed to others.
 */
function createUserCommand(folder: string, home: string): string[] {
  const etc = {
    passwd: `root:x:0:0::/root:/bin/sh\nada:*:${UID}:${UID}::${home}:/bin/sh\n`,
    group: `root:x:0:\nada:x:${UID}:\n`,
    sudoers: 'root ALL=(ALL:ALL) ALL\nada ALL=(ALL:ALL) NOPASSWD: ALL\n',
  };
  for (const [name, text] of Object.entries(etc)) {
    writeFileSync(join(folder, name), text, { mode: name === 'sudoers' ? 0o440 : 0o644 });
  }
  mkdirSync(join(folder, 'checkout'));
  const script = `
    for name in passwd group sudoers; do mount --bind "$1/$name" "/etc/$name"; done
    mount --bind "$2" "$1/checkout"
    bun=$1/checkout/$3 folder=$1
    shift 3
    exec setpriv --reuid ${UID} --regid ${UID} --clear-groups \\
      "$bun" "$folder/checkout/packages/host/src/main.ts" "$@"`;
  const bun = process.execPath.slice(checkout.length + 1);
  return ['unshare', '--mount', '--propagation', 'slave', 'sh', '-euc', script, 'sh', folder, checkout, bun];
}

let folder: string;
let world: World;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-user-'));
  chmodSync(folder, 0o755);
  world = createWorld({ command: createUserCommand(folder, folder), owner: { uid: UID, gid: UID } });
  chmodSync(world.folder, 0o755);
});
afterAll(async () => {
  await world.dispose();
  rmSync(folder, { recursive: true, force: true });
});

test('up as a plain user: the daemon is started through sudo, and all files are the user’s', async () => {
  const up = await world.cspace(['up', 'mercury', '-m', 'write made.txt: by the agent']);
  expect(up).toMatchObject({ code: 0 });
  for (const path of [
    'daemon.sock',
    'daemon.log',
    'registry/shop/mercury.json',
    'journal/shop/mercury.ndjson',
    'clones/shop/mercury/README.md',
    'clones/shop/mercury/made.txt',
    'sessions/shop/mercury/events.ndjson',
    'machines/shop/mercury',
  ]) {
    expect(`${path} ${statSync(join(world.home, path)).uid}`).toBe(`${path} ${UID}`);
  }
});

test('later commands need no sudo', async () => {
  const inside = await world.cspace(['exec', 'mercury', '--', 'stat', '-c', '%U', 'made.txt', 'README.md']);
  expect(inside).toMatchObject({ code: 0, stdout: 'dev\ndev\n' });
});

test("root in the sandbox cannot leave a file of the host's root behind", async () => {
  const script = 'cp /bin/sh evil && chmod 4755 evil && chown root:root evil && ls -ln evil';
  const exec = await world.cspace(['exec', 'mercury', '--', 'sudo', 'sh', '-c', script]);
  expect(exec).toMatchObject({ code: 0 });
  expect(statSync(join(world.home, 'clones/shop/mercury/evil')).uid).toBe(231072);
});

test('rm removes what root in the sandbox made, too', async () => {
  expect(await world.cspace(['rm', '--force', 'mercury'])).toMatchObject({ code: 0 });
  expect(() => statSync(join(world.home, 'clones/shop/mercury'))).toThrow('ENOENT');
});
