import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ListeningPort, PortsResponse } from '@cspace/protocol/ports';
import { createStandInBrowser } from '../support/stand-in-browser.ts';
import { patient } from '../support/substrate-under-test.ts';
import { TEST_TLS } from '../support/test-certificate.ts';
import { createWorld, type World, waitUntil } from '../support/world.ts';

const MAIN = resolve(import.meta.dir, '../../src/main.ts');
const domain = 'mercury.ports.cspace2.local';

/** Servers that Bun can be, all in one process: TLS, DevTools with its check of the Host header, one that hangs. */
const BUN_SERVERS = `
const page = () => new Response('page');
Bun.serve({ hostname: '127.0.0.1', port: 8443, tls: ${JSON.stringify(TEST_TLS)}, fetch: page });
Bun.serve({ hostname: '127.0.0.1', port: 9222, fetch(request) {
  if (!/^[0-9.]+(:|$)/.test(request.headers.get('host') ?? '')) return new Response('Host header', { status: 500 });
  const { pathname } = new URL(request.url);
  return pathname === '/json/version' ? Response.json({ Browser: 'x' }) : new Response('', { status: 404 });
} });
Bun.listen({ hostname: '0.0.0.0', port: 4000, socket: { data() {} } });
`;
const UDP_SERVER =
  'import socket,time;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);s.bind(("127.0.0.1",5000));time.sleep(900)';
/** What is below 1024 wants root. */
const SERVERS = `
python3 -m http.server -b 127.0.0.1 3000 &
python3 -m http.server -b 0.0.0.0 3001 &
python3 -m http.server -b :: 3002 &
python3 -m http.server -b $(hostname -I | cut -d' ' -f1) 3003 &
sudo python3 -m http.server -b 127.0.0.1 80 &
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x -keyout /tmp/k -out /tmp/c
sudo openssl s_server -accept 127.0.0.1:443 -key /tmp/k -cert /tmp/c -www &
python3 -c '${UDP_SERVER}' &
exec bun -e "$1"
`;
const PORTS = [80, 443, 3000, 3001, 3002, 3003, 4000, 5000, 8443, 9222];

let world: World;
let address: string;
let servers: ReturnType<World['start']>;
let found: ListeningPort[];

beforeAll(async () => {
  world = createWorld({ project: 'ports' });
  expect(await world.cspace(['up', 'mercury'])).toMatchObject({ code: 0 });
}, patient(120_000));
afterAll(async () => {
  servers?.kill();
  await world.dispose();
});

async function getPorts(): Promise<PortsResponse> {
  const { code, stdout } = await world.cspace(['ports', 'mercury', '--json']);
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

/** The entry of a port, with the members that its test is about. */
function at(port: number) {
  const { speaks, reachable, url, reason, addresses, process } = found.find((one) => one.port === port) ?? {};
  return { speaks, reachable, url, reason, addresses, process };
}

describe('ports', () => {
  test('of a sandbox in which nothing listens but cspace says so', async () => {
    const ports = await world.cspace(['ports', 'mercury']);
    expect(ports).toEqual({ code: 0, stdout: '', stderr: 'nothing listens in ports/mercury\n' });
  });

  test(
    'finds every server, and nothing of cspace',
    async () => {
      servers = world.start(['exec', 'mercury', '--', 'bash', '-c', SERVERS, 'bash', BUN_SERVERS], {
        timeoutMs: 600_000,
      });
      await waitUntil(
        'all servers are there',
        async () => {
          const answer = await getPorts();
          ({ address, ports: found } = answer);
          return PORTS.every((port) => found.some((one) => one.port === port));
        },
        60_000,
      );
      expect(found.map(({ port }) => port)).toEqual(PORTS);
    },
    patient(90_000),
  );

  test.each([
    [3000, '127.0.0.1', 'python3', `http://${domain}:3000/`],
    [3001, '0.0.0.0', 'python3', `http://${domain}:3001/`],
    [3002, '*', 'python3', `http://${domain}:3002/`],
    [80, '127.0.0.1', 'python3', `http://${domain}/`],
  ])('port %d on %s is HTTP, with its process and URL', (port, bound, process, url) => {
    expect(at(port)).toEqual({
      speaks: 'http',
      reachable: true,
      url,
      reason: undefined,
      addresses: [bound],
      process,
    });
  });

  test('a server on the address itself', () => {
    expect(at(3003)).toMatchObject({ speaks: 'http', addresses: [address], url: `http://${domain}:3003/` });
  });

  test.each([
    [443, `https://${domain}/`],
    [8443, `https://${domain}:8443/`],
  ])('port %d is TLS: %s', (port, url) => {
    expect(at(port)).toMatchObject({ speaks: 'https', reachable: true, url });
  });

  test('trap-34: a server that takes connections and hangs speaks nothing', () => {
    expect(at(4000)).toMatchObject({ speaks: 'unknown', reason: 'takes connections, but does not answer' });
  });

  test('trap-14: DevTools is handed out by the address', () => {
    expect(at(9222)).toMatchObject({ speaks: 'http', url: `http://${address}:9222/` });
  });

  test('UDP has no URL', () => {
    expect(at(5000)).toMatchObject({ speaks: null, reachable: true, url: null, process: 'python3' });
  });

  test('the URLs work: each is fetched, by the address where the host does not know the name', async () => {
    const statuses = await Promise.all(
      found
        .filter(({ speaks }) => speaks === 'http' || speaks === 'https')
        .map(async ({ port, url }) => {
          const request = (url ?? '').replace(domain, address);
          const response = await fetch(request, { tls: { rejectUnauthorized: false } });
          return [port, response.status] as const;
        }),
    );
    expect(statuses.filter(([port, status]) => status !== (port === 9222 ? 404 : 200))).toEqual([]);
    expect(statuses).toHaveLength(8);
  });

  test('the table has a line for each, without a control character', async () => {
    const { stdout } = await world.cspace(['ports', 'mercury']);
    expect(stdout.trimEnd().split('\n')).toHaveLength(PORTS.length + 1);
    expect(stdout).not.toMatch(/(?!\n)\p{Cc}/u);
  });
});

/** The CLI where /etc/hosts knows the sandbox: in a mount namespace of its own, the machine's file stays as it is. */
async function callWithName(args: string[], env: Record<string, string>) {
  const hosts = join(world.folder, 'hosts');
  writeFileSync(hosts, `127.0.0.1 localhost\n${address} ${domain}\n`);
  const script = 'mount --bind "$0" /etc/hosts && exec "$@"';
  const child = Bun.spawn(['unshare', '-m', 'sh', '-c', script, hosts, process.execPath, MAIN, ...args], {
    cwd: world.repo,
    env: { HOME: join(world.folder, 'user'), CSPACE_HOME: world.home, ...env },
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: 60_000,
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

describe('open', () => {
  test('opens the address where this host does not know the name, and says so', async () => {
    const browser = createStandInBrowser(join(world.folder, 'by-address'));
    const open = await world.cspace(['open', 'mercury', '3000'], { env: browser.env });
    expect(open).toMatchObject({ code: 0, stdout: `http://${address}:3000/\n` });
    expect(open.stderr).toContain('cspace dns install');
    expect(browser.getCalls()).toEqual([['--new-tab', `http://${address}:3000/`]]);
  });

  test('opens the name where this host knows it', async () => {
    const browser = createStandInBrowser(join(world.folder, 'by-name'));
    const open = await callWithName(['open', 'mercury', '3000'], browser.env);
    expect(open).toEqual({ code: 0, stdout: `http://${domain}:3000/\n`, stderr: '' });
    expect(browser.getCalls()).toEqual([['--new-tab', `http://${domain}:3000/`]]);
  });

  test('without a port and with many servers exits 2 and names them; a port that is not there exits 4', async () => {
    const many = await world.cspace(['open', 'mercury']);
    expect(many).toMatchObject({ code: 2, stdout: '' });
    expect(many.stderr).toContain('443 openssl https');
    const none = await world.cspace(['open', 'mercury', '3999']);
    expect(none).toMatchObject({ code: 4, stdout: '' });
    expect(none.stderr).toContain('3000 python3 http');
  });
});

describe('a sandbox that lies', () => {
  const guest = (script: string) => world.cspace(['exec', '--root', 'mercury', '--', 'sh', '-c', script]);
  const replaceSs = (script: string) =>
    guest(
      `mv /usr/bin/ss /usr/bin/ss.kept && printf '%s\\n' '#!/bin/sh' '${script}' >/usr/bin/ss && chmod 755 /usr/bin/ss`,
    );
  const restoreSs = () => guest('mv /usr/bin/ss.kept /usr/bin/ss');

  test.each([
    ['without end', 'yes tcp LISTEN 0 5 127.0.0.1:3000', 'more than anybody would read'],
    ['with escape sequences', 'printf "\\033]0;owned\\007\\n"; exit 3', 'ss ended with 3'],
  ])(
    '%s is a failure that says so, and leaves nothing running',
    async (_, script, why) => {
      expect(await replaceSs(script)).toMatchObject({ code: 0 });
      const ports = await world.cspace(['ports', 'mercury'], { timeoutMs: 60_000 });
      const left = await guest('ps -e -o comm=');
      await restoreSs();
      expect(ports).toMatchObject({ code: 1, stdout: '' });
      expect(ports.stderr).toContain(why);
      expect(ports.stderr).not.toContain('\u001b');
      expect(left.stdout.split('\n')).not.toContain('yes');
    },
    patient(120_000),
  );

  test('down: exits 5 as other commands do', async () => {
    expect(await world.cspace(['down', 'mercury'])).toMatchObject({ code: 0 });
    for (const command of ['ports', 'open']) {
      expect(await world.cspace([command, 'mercury'])).toMatchObject({ code: 5, stdout: '' });
    }
  });
});
