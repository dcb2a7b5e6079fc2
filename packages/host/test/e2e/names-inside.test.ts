import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startFakeUpstream, UPSTREAM, UPSTREAM_ANSWER } from '../support/fake-upstream.ts';
import { createWorld, type World } from '../support/world.ts';

// mercury and venus of one project; earth may reach nothing but the daemon.
let world: World;
let stopUpstream: () => Promise<void>;
const addresses: Record<string, string> = {};

beforeAll(async () => {
  world = createWorld({ project: 'names' });
  stopUpstream = await startFakeUpstream();
  await Promise.all(['mercury', 'venus'].map((name) => up(name)));
  writeFileSync(join(world.repo, '.cspace.json'), '{ "network": "none" }');
  await up('earth');
});
afterAll(async () => {
  await world.dispose();
  await stopUpstream();
});

async function up(name: string) {
  const { stdout } = await world.cspace(['up', name, '--json']);
  addresses[name] = JSON.parse(stdout.trim().split('\n').at(-1) ?? '').sandbox.address;
}

/** What `getent` says there, by glibc and the guest's resolver: an address, or a name. */
async function look(from: string, what: string): Promise<string | undefined> {
  const script = /^\d/.test(what)
    ? `getent hosts ${what} | awk '{ print $2 }'`
    : `getent ahostsv4 ${what} | awk 'NR == 1 { print $1 }'`;
  const { stdout } = await world.cspace(['exec', from, '--', 'sh', '-c', script]);
  return stdout.trim() || undefined;
}

describe('names inside', () => {
  test.each([
    ['mercury', 'mercury'],
    ['venus', 'venus'],
    ['venus.names.cspace2.local', 'venus'],
    ['venus.cspace2.local', 'venus'],
    ['venus.names.cspace.test', 'venus'],
    ['mercury.cspace2.local', 'mercury'],
  ])('%s', async (name, sandbox) => expect(await look('mercury', name)).toBe(addresses[sandbox]));

  test('an address has its sandbox’s name', async () =>
    expect(await look('mercury', addresses.venus ?? '?')).toBe('venus.names.cspace2.local'));

  test('localhost is 127.0.0.1 alone', async () => {
    const { stdout } = await world.cspace([
      ...['exec', 'mercury', '--', 'sh', '-c'],
      'getent ahosts localhost; ip -6 addr show dev lo',
    ]);
    expect(new Set(stdout.match(/^\S+/gm))).toEqual(new Set(['127.0.0.1']));
  });

  test('the rest is asked of the host’s name servers', async () => {
    const file = join(world.home, 'machines/names/mercury/run/upstream.conf');
    writeFileSync(file, `nameserver ${UPSTREAM}\n`);
    const anew =
      'pkill -x dnsmasq; while pgrep -x dnsmasq >/dev/null; do sleep 0.1; done; /usr/local/lib/cspace/resolver';
    const started = await world.cspace(['exec', '--root', 'mercury', '--', 'sh', '-c', anew]);
    expect(started).toMatchObject({ code: 0, stdout: '' });
    expect(await look('mercury', 'www.example.org')).toBe(UPSTREAM_ANSWER);
    // Ours are still the daemon's.
    expect(await look('mercury', 'venus.names.cspace2.local')).toBe(addresses.venus);
  });

  test('with network none: siblings have names, the world has none, which is said at once', async () => {
    expect(await look('earth', 'earth.names.cspace2.local')).toBe(addresses.earth);
    expect(await look('earth', 'venus.names.cspace2.local')).toBe(addresses.venus);
    const asked = await world.cspace([
      'exec',
      'earth',
      '--',
      'timeout',
      '5',
      'getent',
      'hosts',
      'www.example.org',
    ]);
    expect(asked.code).toBe(2); // getent(1): not found; 124 would be the time
  });

  test('a guest whose port 53 is taken says so in a line, and asks the host’s name servers itself', async () => {
    const again = await world.cspace(['exec', '--root', 'mercury', '--', '/usr/local/lib/cspace/resolver']);
    expect(again.stdout).toMatch(/^cspace: names of sandboxes are not resolved: .*already in use\n$/);
    expect(await look('mercury', 'www.example.org')).toBe(UPSTREAM_ANSWER);
  });
});
