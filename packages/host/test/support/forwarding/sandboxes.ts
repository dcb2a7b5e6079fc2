import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { patient } from '../substrate-under-test.ts';
import { createWorld, type World } from '../world.ts';
import { PROBE, type Probe, SERVERS } from './drive.ts';
import { getServers, type Place } from './matrix.ts';
import type { ServerSpec } from './servers.ts';

/** Two sandboxes of one project; servers in the first. */
export interface Sandboxes {
  world: World;
  place: Place;
  sibling: string;
  fromHost: Probe;
  fromSibling: Probe;
  fromItself: Probe;
  dispose(): Promise<void>;
}

export const PROJECT = 'forwarding';
const TLS_PORT = 443;
const READY_MS = 30_000;

/** `relay`: as on a host that lets nobody set the sandboxes' sysctls. */
export async function makeSandboxes(mode: Place['mode']): Promise<Sandboxes> {
  const env: Record<string, string> = mode === 'relay' ? { CSPACE_TEST_FORWARDING: 'relay' } : {};
  const world = createWorld({ project: PROJECT, env });
  try {
    return await fill(world, mode);
  } catch (error) {
    await world.dispose();
    throw error;
  }
}

async function fill(world: World, mode: Place['mode']): Promise<Sandboxes> {
  const [address = '', sibling = ''] = await Promise.all(['mercury', 'venus'].map((name) => up(world, name)));
  const place = { address, mode, tlsPort: TLS_PORT };
  const specs = [...getServers(place), await getTlsServer(world)];
  // What `localhost` is, node says; vite and next run on it.
  const isNodes = ({ bind, kind }: ServerSpec) => bind === 'localhost' && kind !== 'websocket';
  const servers = [
    await startServers(world, 'node', specs.filter(isNodes)),
    await startServers(
      world,
      'bun',
      specs.filter((spec) => !isNodes(spec)),
    ),
  ];
  return {
    world,
    place,
    sibling,
    fromHost: (calls) => probe([process.execPath, PROBE], calls),
    fromSibling: (calls) => probeIn(world, 'venus', calls),
    fromItself: (calls) => probeIn(world, 'mercury', calls),
    async dispose() {
      for (const server of servers) server.kill();
      await world.dispose();
    },
  };
}

/** Starts a sandbox, with the scripts in its clone; gives its address. */
async function up(world: World, name: string): Promise<string> {
  const { stdout, stderr } = await world.cspace(['up', name, '--json']);
  const end = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as { sandbox?: { address: string } };
  if (!end.sandbox) throw new Error(stdout + stderr);
  for (const file of [PROBE, SERVERS])
    copyFileSync(file, join(world.home, 'clones', PROJECT, name, file.slice(file.lastIndexOf('/') + 1)));
  return end.sandbox.address;
}

async function startServers(world: World, program: string, specs: ServerSpec[]) {
  const child = world.start([
    'exec',
    '--root',
    'mercury',
    '--',
    program,
    'servers.ts',
    JSON.stringify(specs),
  ]);
  const late = Bun.sleep(patient(READY_MS)).then(() => 'late');
  const { value } = (await Promise.race([child.stdout.getReader().read(), late])) as { value?: Uint8Array };
  if (!new TextDecoder().decode(value).includes('ready')) {
    child.kill();
    throw new Error(`servers of ${program}: ${await new Response(child.stderr).text()}`);
  }
  return child;
}

/** As a project's own: on 127.0.0.1:443, with a certificate of its own making. */
async function getTlsServer(world: World): Promise<ServerSpec> {
  const make =
    'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=api -keyout - 2>/dev/null';
  const { stdout } = await world.cspace(['exec', 'mercury', '--', 'sh', '-c', make]);
  return { kind: 'tls', bind: '127.0.0.1', port: TLS_PORT, key: stdout, cert: stdout };
}

async function probeIn(world: World, name: string, calls: Parameters<Probe>[0]): Promise<string[]> {
  const { stdout, stderr } = await world.cspace([
    'exec',
    name,
    '--',
    'bun',
    'probe.ts',
    JSON.stringify(calls),
  ]);
  if (!stdout.startsWith('[')) throw new Error(stdout + stderr);
  return JSON.parse(stdout);
}

async function probe(argv: string[], calls: Parameters<Probe>[0]): Promise<string[]> {
  const child = Bun.spawn([...argv, JSON.stringify(calls)], {
    stdout: 'pipe',
    stderr: 'inherit',
    timeout: patient(READY_MS),
  });
  return JSON.parse(await new Response(child.stdout).text());
}
