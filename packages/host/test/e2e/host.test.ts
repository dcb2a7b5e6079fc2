import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getMachineHand } from '../support/machine-hand.ts';
import { ADDRESS, getGateway, WITHOUT_NETWORK } from '../support/substrate-under-test.ts';
import { testUnless } from '../support/test-unless.ts';
import { createWorld, getDaemonPid, isAlive, type World, waitUntil } from '../support/world.ts';

const networked = testUnless(WITHOUT_NETWORK);
const worlds: World[] = [];
let first: World;
beforeAll(async () => {
  first = addWorld();
  expect(await first.cspace(['up', 'mercury'])).toMatchObject({ code: 0 });
});
afterAll(async () => {
  // The first one has what all of them stand on.
  for (const world of worlds.reverse()) await world.dispose();
});

function addWorld(options: Parameters<typeof createWorld>[0] = {}): World {
  const world = createWorld({ ...options, ...(worlds[0] && { beside: worlds[0] }) });
  worlds.push(world);
  return world;
}

/** What a home needs for itself beside others on the same host. */
const own = (n: number) => ({
  bridge: `cspace${n}`,
  subnet: `192.168.${64 + n}.0/24`,
  ports: { http: 6280 + n, dns: 5354 + n },
});

const ip = (...args: string[]) => Bun.spawnSync(['ip', ...args], { timeout: 10_000 }).stdout.toString();

describe('two homes on one host', () => {
  networked('the second that wants the same bridge is refused, exit 5, and told who holds it', async () => {
    const up = await addWorld().cspace(['up', 'mercury']);
    expect(up.code).toBe(5);
    expect(up.stderr.replace(/\s+/g, '')).toContain(first.home);
    expect(JSON.parse((await first.cspace(['ls', '--json'])).stdout).sandboxes[0].state).toBe('running');
  });

  test('with a bridge, subnet and ports of its own it works beside the first', async () => {
    const second = addWorld({ project: 'second', config: own(1) });
    const up = await second.cspace(['up', 'mercury', '-m', 'run: uname -n']);
    expect(up).toMatchObject({ code: 0 });
    const { address } = JSON.parse((await second.cspace(['ls', '--json'])).stdout).sandboxes[0];
    expect(address).toMatch(WITHOUT_NETWORK === undefined ? /^192\.168\.65\./ : ADDRESS);
    expect(await second.cspace(['rm', 'mercury'])).toMatchObject({ code: 0 });
    expect(await first.cspace(['exec', 'mercury', '--', 'true'])).toMatchObject({ code: 0 });
  });
});

describe('fault-11: a home beside the first, with a network of its own', () => {
  const free = own(6);
  /** What `up` of such a home says; the first one serves on all the same. */
  async function expectRefusal(ports: { http: number; dns: number }): Promise<string> {
    const world = addWorld({ project: 'fifth', config: { ...free, ports } });
    const up = await world.cspace(['up', 'mercury']);
    expect(up.code).toBe(3);
    expect(await first.cspace(['exec', 'mercury', '--', 'true'])).toMatchObject({ code: 0 });
    // The next one has the same network.
    expect(await world.cspace(['daemon', 'stop'])).toMatchObject({ code: 0 });
    await waitUntil('its network is gone', () => !ip('link').includes(free.bridge));
    return up.stderr.replace(/\s+/g, ' ');
  }

  test.each([
    ['http', 'TCP port 6280', { ...free.ports, http: 6280 }],
    ['dns', 'UDP port 5354', { ...free.ports, dns: 5354 }],
  ])('the same port for %s: up exits with 3 and names the first one’s daemon', async (key, port, ports) => {
    const said = await expectRefusal(ports);
    expect(said).toContain(`${port} on 127.0.0.1 is taken`);
    expect(said).toMatch(new RegExp(`bun\\S* \\(pid ${getDaemonPid(first.home)}\\) of user root has it`));
    expect(said).toContain(`"ports": {"${key}": N}`);
  });

  test.each([
    ['http', `Bun.listen({ hostname: '0.0.0.0', port: PORT, socket: { data() {} } })`],
    ['dns', `await Bun.udpSocket({ hostname: '0.0.0.0', port: PORT })`],
  ] as const)('another user’s program has the port for %s: up names it, and the user', async (key, bind) => {
    const script = `${bind.replace('PORT', String(free.ports[key]))}; console.log('ready'); setInterval(() => {}, 1000)`;
    const argv = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath];
    const child = Bun.spawn([...argv, '-e', script], { stdout: 'pipe', timeout: 60_000 });
    try {
      await child.stdout.getReader().read();
      expect(await expectRefusal(free.ports)).toContain(`(pid ${child.pid}) of user nobody has it`);
    } finally {
      child.kill('SIGKILL');
      await child.exited;
    }
  });
});

describe('the network', () => {
  networked(
    'a route of the host that overlaps the subnet is an error that names the interface, exit 3',
    async () => {
      ip('link', 'add', 'other0', 'type', 'bridge');
      ip('link', 'set', 'other0', 'up');
      ip('route', 'add', '192.168.66.0/25', 'dev', 'other0');
      const world = addWorld({ project: 'third', config: own(2) });
      const up = await world.cspace(['up', 'mercury']);
      expect(up.code).toBe(3);
      expect(up.stderr).toContain('other0');
      expect(ip('link')).not.toContain('cspace2');
      expect(existsSync(join(world.home, 'clones/third/mercury'))).toBe(false);
      ip('link', 'del', 'other0');
      expect(await world.cspace(['up', 'mercury'])).toMatchObject({ code: 0 });
    },
  );

  networked(
    'the guard route stands while sandboxes run; daemon stop without any takes all of it away',
    async () => {
      const world = addWorld({ project: 'fourth', config: own(3) });
      expect(await world.cspace(['up', 'mercury'])).toMatchObject({ code: 0 });
      expect(ip('route')).toContain('unreachable 192.168.67.0/24');
      expect(await world.cspace(['rm', 'mercury'])).toMatchObject({ code: 0 });
      expect(await world.cspace(['daemon', 'stop'])).toMatchObject({ code: 0 });
      await waitUntil(
        'the network is gone',
        () => !ip('link').includes('cspace3') && !ip('route').includes('67.0'),
      );
      const tables = Bun.spawnSync(['nft', 'list', 'tables'], { timeout: 10_000 }).stdout.toString();
      expect(tables).not.toContain('cspace3');
    },
  );
});

describe('the daemon', () => {
  test('leaves by itself when idle, and the next command starts it again', async () => {
    const world = addWorld({ config: { idleSeconds: 1, ...own(4) } });
    expect(await world.cspace(['ls'])).toMatchObject({ code: 0 });
    const pid = getDaemonPid(world.home) ?? 0;
    expect(isAlive(pid)).toBe(true);
    await waitUntil('it has left', () => !isAlive(pid));
    expect(await world.cspace(['ls'])).toMatchObject({ code: 0 });
  });

  test('version, --help, doctor, logs of a stopped sandbox and daemon status start none', async () => {
    const world = addWorld({ config: own(5) });
    for (const args of [
      ['version'],
      ['--help'],
      ['up', '--help'],
      ['doctor'],
      ['daemon', 'status', '--json'],
    ]) {
      expect(await world.cspace(args)).toMatchObject({ code: 0 });
    }
    expect(existsSync(join(world.home, 'daemon.sock'))).toBe(false);
    expect(await first.cspace(['down', 'mercury'])).toMatchObject({ code: 0 });
    expect(await first.cspace(['daemon', 'stop'])).toMatchObject({ code: 0 });
    expect(await first.cspace(['logs', 'mercury'])).toMatchObject({ code: 0 });
    expect(existsSync(join(first.home, 'daemon.sock'))).toBe(false);
    expect(await first.cspace(['up', 'mercury'])).toMatchObject({ code: 0 });
  });

  test('journal: what the host saw, in order, out of the guest’s reach', async () => {
    const lines = readFileSync(join(first.home, 'journal/shop/mercury.ndjson'), 'utf8').trim().split('\n');
    const types = lines.map((line) => JSON.parse(line).type);
    expect(types.slice(0, 2)).toEqual(['created', 'started']);
    expect(types).toContain('stopped');
    const find = await first.cspace([
      'exec',
      'mercury',
      '--',
      'sudo',
      'find',
      '/',
      '-xdev',
      '-path',
      '*journal*shop*',
    ]);
    expect(find.stdout).toBe('');
  });
});

describe('configuration', () => {
  test('all mistakes of a file at once, with their places, exit 2', async () => {
    writeFileSync(join(first.repo, '.cspace.json'), '{\n  "projct": "x",\n  "network": "wide"\n}\n');
    const up = await first.cspace(['up', 'venus']);
    expect(up.code).toBe(2);
    expect(up.stderr).toContain('.cspace.json:2:');
    expect(up.stderr).toContain('.cspace.json:3:');
  });

  test('limits reach the machine', async () => {
    writeFileSync(join(first.repo, '.cspace.json'), '{ "limits": { "pids": 123 } }');
    expect(await first.cspace(['up', 'venus', '--memory', '700m'])).toMatchObject({ code: 0 });
    const limits = await getMachineHand(first, 'shop', 'venus').readLimits();
    expect(limits).toEqual({ pids: 123, memoryMiB: 700 });
  });

  test('network none holds: the daemon answers, a sibling does not, in neither direction', async () => {
    expect(await first.cspace(['up', 'mars', '--network', 'none'])).toMatchObject({ code: 0 });
    const { sandboxes } = JSON.parse((await first.cspace(['ls', '--json'])).stdout);
    const addressOf = (name: string) =>
      sandboxes.find((one: { sandbox: string }) => one.sandbox === name).address;
    const reach = async (from: string, address: string, port: number) => {
      const script = `timeout 5 bash -c 'exec 3<>/dev/tcp/${address}/${port}'`;
      return (await first.cspace(['exec', from, '--', 'sh', '-c', script])).code === 0;
    };
    const served = first.start(['exec', 'mercury', '--', 'python3', '-m', 'http.server', '3000']);
    const servedToo = first.start(['exec', 'mars', '--', 'python3', '-m', 'http.server', '3000']);
    expect(await first.cspace(['up', 'venus'])).toMatchObject({ code: 0 });
    await waitUntil('the server answers a sibling', () => reach('venus', addressOf('mercury'), 3000));
    expect(await reach('mars', getGateway(addressOf('mars')), 6280)).toBe(true);
    expect(await reach('mars', addressOf('mercury'), 3000)).toBe(false);
    expect(await reach('venus', addressOf('mars'), 3000)).toBe(false);
    for (const child of [served, servedToo]) {
      child.kill('SIGTERM');
      await child.exited;
    }
    expect(await first.cspace(['rm', '--force', 'mars'])).toMatchObject({ code: 0 });
  });

  test.each([
    ['outside a repository', '/', /git repository/],
    ['with no commit', 'empty', /no commit/],
    ['in a bare one', 'bare', /bare/],
  ])('up %s exits 2 and says so', async (_, where, words) => {
    const cwd = where === '/' ? '/' : join(first.folder, where);
    if (where === 'empty') first.git(['init', '-q', cwd]);
    if (where === 'bare') first.git(['clone', '-q', '--bare', first.repo, cwd]);
    const up = await first.cspace(['up', 'mars'], { cwd });
    expect(up.code).toBe(2);
    expect(up.stderr).toMatch(words);
  });
});

test('the certificate authorities of the host are trusted inside', async () => {
  const count = 'grep -c BEGIN /etc/ssl/certs/ca-certificates.crt';
  const inside = Number((await first.cspace(['exec', 'mercury', '--', 'sh', '-c', count])).stdout);
  expect(inside).toBeGreaterThan(100);
  const script =
    'for f in /usr/local/share/ca-certificates/*.crt; do [ -e "$f" ] && md5sum < "$f"; done; true';
  const own = Bun.spawnSync(['sh', '-c', script], { timeout: 10_000 }).stdout.toString();
  const there = await first.cspace(['exec', 'mercury', '--', 'sh', '-c', script]);
  expect(there.stdout.split('\n').sort()).toEqual(own.split('\n').sort());
});
