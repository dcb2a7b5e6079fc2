import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADDRESS, getHostName, patient, REFUSED, WITHOUT_RULES } from '../support/substrate-under-test.ts';
import { testUnless } from '../support/test-unless.ts';
import { createWorld, getDaemonPid, isAlive, type World, waitUntil } from '../support/world.ts';

// Two projects of one home: shop has mercury and venus, bank has mars.
let world: World;
let bank: string;
const addresses: Record<string, string> = {};

beforeAll(async () => {
  world = createWorld();
  bank = join(world.folder, 'bank');
  world.git(['clone', '-q', world.repo, bank]);
  for (const [name, cwd] of [
    ['mercury', world.repo],
    ['venus', world.repo],
    ['mars', bank],
  ] as const) {
    const up = await world.cspace(['up', name, '--json'], { cwd });
    expect(up).toMatchObject({ code: 0 });
    addresses[name] = JSON.parse(up.stdout.trim().split('\n').at(-1) ?? '').sandbox.address;
  }
  await inside('mercury', 'mkdir -p /tmp/www && echo from mercury > /tmp/www/index.html');
  await inside(
    'mercury',
    'cd /tmp/www && (setsid python3 -m http.server 3000 --bind 127.0.0.1 >/dev/null 2>&1 &)',
  );
  await waitUntil(
    'the server answers inside',
    async () => (await get('mercury', 'http://127.0.0.1:3000/')).code === 0,
  );
}, patient(120_000));
afterAll(() => world.dispose());

const inside = (name: string, script: string, cwd = name === 'mars' ? bank : world.repo) =>
  world.cspace(['exec', name, '--', 'sh', '-c', script], { cwd });
const get = (name: string, url: string) => inside(name, `curl -sS -m 5 ${url}`);

/** What the daemon's DNS says on loopback, as the host's resolver would ask it. */
function dig(name: string, type = 'A', server = '127.0.0.1'): { status: string; data: string[] } {
  const child = Bun.spawnSync(['dig', '-p', '5354', `@${server}`, '+tries=1', '+time=2', name, type], {
    timeout: 10_000,
  });
  const text = child.stdout.toString();
  const data = text.split('\n').filter((line) => line !== '' && !line.startsWith(';'));
  return {
    status: /status: (\w+)/.exec(text)?.[1] ?? 'none',
    data: data.map((line) => line.split(/\s+/).at(-1) ?? ''),
  };
}

describe('names', () => {
  test.each([
    'mercury.shop.cspace2.local',
    'mercury.shop.cspace.test',
    'api.mercury.shop.cspace2.local',
    'mercury.cspace2.local',
    'a.b.mercury.cspace2.local',
    'MERCURY.Shop.cspace2.LOCAL',
  ])('%s is the address of mercury, for the host and for every sandbox of the project', async (name) => {
    expect(dig(name).data).toEqual([addresses.mercury ?? '?']);
    for (const from of ['mercury', 'venus']) {
      const answer = await inside(from, `getent ahostsv4 ${name} | cut -d' ' -f1 | sort -u`);
      expect(answer.stdout.trim()).toBe(addresses.mercury ?? '?');
    }
  });

  test('http://mercury.shop.cspace2.local:3000/ answers from the host, a sibling and itself, bound to 127.0.0.1', async () => {
    const url = 'http://mercury.shop.cspace2.local:3000/';
    const resolve = `mercury.shop.cspace2.local:3000:${dig('mercury.shop.cspace2.local').data[0]}`;
    const host = Bun.spawnSync(['curl', '-sS', '-m', '5', '--resolve', resolve, url], { timeout: 10_000 });
    expect(host.stdout.toString()).toBe('from mercury\n');
    for (const from of ['venus', 'mercury']) {
      expect(await get(from, url)).toMatchObject({ code: 0, stdout: 'from mercury\n' });
    }
  });

  test('trap-12: a name goes with its machine and comes back with it, never as somebody else’s address', async () => {
    const name = 'venus.shop.cspace2.local';
    expect(dig(name).data).toEqual([addresses.venus ?? '?']);
    expect(await world.cspace(['down', 'venus'])).toMatchObject({ code: 0 });
    expect(dig(name)).toMatchObject({
      status: 'NOERROR',
      data: expect.not.arrayContaining([addresses.venus]),
    });
    expect((await inside('mercury', `getent ahostsv4 ${name}`)).stdout).toBe('');
    // Its address may go to another one meanwhile; the name must not follow.
    expect(await world.cspace(['up', 'earth'])).toMatchObject({ code: 0 });
    expect(await world.cspace(['up', 'venus'])).toMatchObject({ code: 0 });
    const [venus, earth] = [dig(name).data[0], dig('earth.shop.cspace2.local').data[0]];
    expect(venus).toMatch(ADDRESS);
    expect(venus).not.toBe(earth);
    const hostName = getHostName('shop', 'venus');
    expect((await inside('venus', 'uname -n; hostname -I')).stdout).toBe(`${hostName}\n${venus} \n`);
    expect((await inside('mercury', `getent ahostsv4 ${name} | head -1`)).stdout).toStartWith(`${venus} `);
  });

  test('a machine that ends by itself loses its name', async () => {
    await inside('earth', 'sudo pkill -TERM -x tini');
    await waitUntil(
      'the name is gone',
      () => !dig('earth.shop.cspace2.local').data.some((data) => /^192/.test(data)),
    );
    expect(dig('earth.shop.cspace2.local').status).toBe('NOERROR');
  });

  test('names come back with a killed daemon’s next start, and none is wrong meanwhile', async () => {
    const pid = getDaemonPid(world.home) ?? 0;
    process.kill(pid, 'SIGKILL');
    await waitUntil('it is dead', () => !isAlive(pid));
    const look = () => dig('mercury.shop.cspace2.local');
    expect(look().status).toBe('none');
    const getting = get('venus', `http://${addresses.mercury}:3000/`);
    const seen = new Set<string>();
    await waitUntil('the name is there', async () => {
      const { status, data } = look();
      seen.add([status, ...data].join(' '));
      return status !== 'none';
    });
    seen.delete('none');
    expect([...seen]).toEqual([`NOERROR ${addresses.mercury}`]);
    expect(await getting).toMatchObject({ stdout: 'from mercury\n' });
  });
});

describe('projects', () => {
  test('a sandbox of another project is refused, by name and by address', async () => {
    for (const host of ['mercury.shop.cspace2.local', addresses.mercury]) {
      const answer = await get('mars', `http://${host}:3000/`);
      expect(answer.code).toBe(REFUSED);
      expect(answer.stderr).toMatch(/refused|unreachable|Couldn't connect|Could not connect|timed out/i);
    }
  });

  test.each([6201, 22])('port %i of a sibling does not answer, though it does the host', async (port) => {
    const url = `http://${addresses.mercury}:${port}/`;
    // Where commands go by ssh it is taken, by what the host alone may talk to.
    if (port === 22) await inside('mercury', '(setsid sudo python3 -m http.server 22 >/dev/null 2>&1 &)');
    await waitUntil('the host reaches it', () => isOpen(addresses.mercury ?? '', port));
    expect((await get('venus', url)).code).toBe(7);
  });

  testUnless(WITHOUT_RULES)('services of the host do not answer, on none of its addresses', async () => {
    const other = '198.51.100.7';
    const ip = (verb: string) =>
      Bun.spawnSync(['ip', 'addr', verb, `${other}/32`, 'dev', 'lo'], { timeout: 10_000 }).exitCode;
    expect(ip('add')).toBe(0);
    const server = Bun.serve({ port: 0, hostname: '0.0.0.0', fetch: () => new Response('the host') });
    try {
      for (const address of ['192.168.64.1', other]) {
        const url = `http://${address}:${server.port}/`;
        const control = await fetch(url, { signal: AbortSignal.timeout(5000) });
        expect(await control.text()).toBe('the host');
        expect(await get('mercury', url)).toMatchObject({ code: 7, stdout: '' });
      }
    } finally {
      await server.stop(true);
      ip('del');
    }
  });
});

describe('network none', () => {
  test('reaches the daemon and nothing else, and the host reaches it', async () => {
    writeFileSync(join(world.repo, '.cspace.json'), '{ "network": "none" }');
    const up = await world.cspace(['up', 'pluto', '-m', 'run: uname -n']);
    writeFileSync(join(world.repo, '.cspace.json'), '{}');
    expect(up).toMatchObject({ code: 0 });
    expect(up.stdout).toContain('pluto');
    expect((await get('pluto', `http://${addresses.mercury}:3000/`)).code).toBe(REFUSED);
    const gateway = (await inside('pluto', 'jq -r .gateway /run/cspace/sandbox.json')).stdout.trim();
    expect((await get('pluto', `http://${gateway}:6280/version`)).code).toBe(0);
    await inside('pluto', '(setsid python3 -m http.server 3000 --bind 127.0.0.1 >/dev/null 2>&1 &)');
    const address = dig('pluto.shop.cspace2.local').data[0];
    await waitUntil('the host reaches it', () => curl(`http://${address}:3000/`) === 0);
    expect((await get('venus', `http://${address}:3000/`)).code).toBe(REFUSED);
  });
});

const isOpen = (hostname: string, port: number) =>
  Bun.connect({ hostname, port, socket: { data() {} } }).then(
    (socket) => {
      socket.end();
      return true;
    },
    () => false,
  );

const curl = (url: string) => Bun.spawnSync(['curl', '-sS', '-m', '3', url], { timeout: 10_000 }).exitCode;
