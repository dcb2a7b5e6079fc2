import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SandboxRecord } from '../../src/registry/record.ts';
import {
  createPrivateHost,
  type PrivateHost,
  type PrivateHostOptions,
  type RunResult,
} from './private-host.ts';
import { waitUntil } from './world.ts';

const MAIN = resolve(import.meta.dir, '../../src/main.ts');
const DAEMON = fileURLToPath(import.meta.resolve('./resolver-daemon.ts'));

/** Where the sandbox of these tests is; loopback has the address, for the server that stands in for it. */
export const ADDRESS = '192.168.64.2';
export const GATEWAY = '192.168.64.1';
/** The name server of before, and the one name that it knows. */
export const UPSTREAM = { address: '10.9.9.1', name: 'www.example.org', answer: '198.18.0.7' };

export interface ResolverHost extends PrivateHost {
  home: string;
  cspace(args: string[], home?: string): Promise<RunResult>;
  /** `cspace … --json`, read. */
  json(args: string[], home?: string): Promise<Record<string, unknown>>;
  /** The stand-in daemon of a home; SIGTERM lets it leave, SIGKILL does not. */
  startDaemon(home?: string): Promise<Bun.Subprocess>;
  /** Writes a record of sandbox `shop/mercury` by way of the daemon. */
  put(record: Partial<SandboxRecord>): Promise<void>;
  /** The address of a name by the C library, as every program gets it. Empty where there is none. */
  lookUp(name: string): Promise<string>;
  /** What a web server at the sandbox's address said, asked by name. */
  curl(name: string): Promise<string>;
  makeHome(name: string): string;
  /** The argv of the CLI. */
  self: readonly string[];
  /** Ends what answers for the daemon by DNS. */
  endDns(): Promise<void>;
  /** The shell's words that make the interface of the gateway. */
  makeLink: string;
}

/** A private host with a name server upstream, the daemon's DNS played by a dnsmasq, and a web server for the sandbox. */
export async function createResolverHost(options: PrivateHostOptions): Promise<ResolverHost> {
  const folder = mkdtempSync(join(tmpdir(), 'cspace-resolver-'));
  chmodSync(folder, 0o755);
  const setup = [
    `for address in ${UPSTREAM.address} ${ADDRESS}; do ip addr add $address/32 dev lo; done`,
    // The way out, which a host has without us.
    'ip link add uplink0 type veth peer name uplink0p',
    'ip addr add 10.9.8.2/24 dev uplink0 && ip link set uplink0 up && ip link set uplink0p up',
    MAKE_LINK,
    // The copy of /etc starts with nothing that this machine's own resolver needs.
    `printf 'nameserver ${UPSTREAM.address}\\noptions timeout:1 attempts:1\\n' >/etc/resolv.conf`,
    "sed -i 's/^hosts:.*/hosts: files dns/' /etc/nsswitch.conf",
    "printf '127.0.0.1 localhost\\n' >/etc/hosts",
    options.setup ?? '',
  ].join('\n');
  const host = await createPrivateHost({ network: true, packages: true, ...options, setup });
  const makeHome = (name: string) => {
    const home = join(folder, name);
    mkdirSync(home, { mode: 0o700 });
    return home;
  };
  const home = makeHome('home');
  const dns = startServers(host, folder);
  const cspace = (args: string[], of = home) =>
    host.run([process.execPath, MAIN, ...args], { env: { CSPACE_HOME: of, HOME: folder } });
  const lookUp = async (name: string) =>
    /^\S*/.exec((await host.run(['getent', 'ahostsv4', name])).stdout)?.[0] ?? '';
  const dispose = async () => {
    await host.dispose();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await waitUntil('the servers are up', () => areUp(host));
  } catch (error) {
    // The caller gets nothing that it could dispose of.
    await dispose();
    throw error;
  }
  return {
    ...host,
    home,
    makeHome,
    cspace,
    lookUp,
    makeLink: MAKE_LINK,
    self: [process.execPath, MAIN],
    async endDns() {
      dns.kill();
      await dns.exited;
    },
    async json(args, of) {
      const { stdout, stderr } = await cspace([...args, '--json'], of);
      if (stdout === '') throw new Error(`cspace ${args.join(' ')}: ${stderr}`);
      return JSON.parse(stdout);
    },
    async startDaemon(of = home) {
      rmSync(join(of, 'daemon.sock'), { force: true });
      const child = host.start([process.execPath, DAEMON, of], { env: { HOME: folder } });
      await waitUntil('the stand-in daemon answers', () => hasAnswer(join(of, 'daemon.sock')));
      return child;
    },
    async put(record) {
      const response = await fetch('http://cspace/record', {
        unix: join(home, 'daemon.sock'),
        method: 'PUT',
        body: JSON.stringify({ ...MERCURY, ...record }),
      });
      if (!response.ok) throw new Error(await response.text());
    },
    async curl(name) {
      const argv = ['curl', '-sS', '--noproxy', '*', '--max-time', '10', `http://${name}:3000/`];
      const { stdout, stderr } = await host.run(argv);
      return stdout || stderr;
    },
    dispose,
  };
}

/** As the daemon makes it: the gateway's address on one end of a cable, so that it has a carrier. */
const MAKE_LINK = [
  'ip link add cspace0 type veth peer name cspace0p',
  `ip addr add ${GATEWAY}/32 dev cspace0`,
  'ip link set cspace0 up',
  'ip link set cspace0p up',
].join(' && ');

const MERCURY: SandboxRecord = {
  v: 1,
  project: 'shop',
  sandbox: 'mercury',
  repository: '/src/shop',
  branch: 'cspace/mercury',
  state: 'running',
  fresh: false,
  address: ADDRESS,
  substrate: 'podman',
  limits: { cpus: 1, memoryMiB: 512, pids: 512 },
  network: 'nat',
  volumes: [],
  model: null,
  practice: true,
  session: null,
  createdAt: '2026-01-01T00:00:00.000Z',
};

/** Returns the one that answers for the daemon. */
function startServers(host: PrivateHost, folder: string): Bun.Subprocess {
  const dnsmasq = (...args: string[]) =>
    host.start([
      ...[
        'dnsmasq',
        '--keep-in-foreground',
        '--conf-file=/dev/null',
        '--no-resolv',
        '--no-hosts',
        '--user=root',
      ],
      ...['--bind-interfaces', '--pid-file', ...args],
    ]);
  dnsmasq(`--listen-address=${UPSTREAM.address}`, `--host-record=${UPSTREAM.name},${UPSTREAM.answer}`);
  // The zones as the daemon answers them: anything in front of a sandbox's name is the sandbox.
  const names = ['cspace2.local', 'cspace.test'].flatMap((zone) => [
    `--address=/mercury.shop.${zone}/${ADDRESS}`,
    `--host-record=${zone},${GATEWAY}`,
    `--local=/${zone}/`,
  ]);
  const dns = dnsmasq(
    '--listen-address=127.0.0.1',
    '--port=5354',
    ...names,
    `--ptr-record=2.64.168.192.in-addr.arpa,mercury.shop.cspace2.local`,
  );
  const page = join(folder, 'server.ts');
  writeFileSync(
    page,
    `Bun.serve({ hostname: '${ADDRESS}', port: 3000, fetch: (request) => new Response('hello from ' + request.headers.get('host')) });`,
  );
  host.start([process.execPath, page]);
  return dns;
}

/** The servers of this fixture, by their ports. */
async function areUp(host: PrivateHost): Promise<boolean> {
  const { stdout } = await host.run(['ss', '--listening', '--numeric', '--udp', '--tcp', '--no-header']);
  return [`${UPSTREAM.address}:53 `, '127.0.0.1:5354 ', `${ADDRESS}:3000 `].every((at) =>
    stdout.includes(at),
  );
}

async function hasAnswer(socket: string): Promise<boolean> {
  return fetch('http://cspace/version', { unix: socket }).then(
    (response) => response.ok,
    () => false,
  );
}
