import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PROTOCOL, VERSION } from '@cspace/protocol/version';
import { createHttpService } from '../../src/daemon/http/http-service.ts';
import { HTTP_LIMITS, type HttpLimits } from '../../src/daemon/http/limits.ts';
import { createOpenRequests } from '../../src/daemon/open-requests.ts';
import type { Audience, Listener } from '../../src/daemon/service.ts';
import { openFileRegistry } from '../../src/registry/file-registry.ts';
import type { SandboxRecord } from '../../src/registry/record.ts';
import type { House } from '../../src/sandbox/house.ts';
import { type NewTokens, openTokenStore } from '../../src/sandbox/tokens.ts';
import { getOwner } from '../../src/system/owner.ts';
import { getPaths } from '../../src/system/paths.ts';

/** What the HTTP service needs of a house, with files in a folder of its own and no machine in it. */
export interface FakeHouse extends AsyncDisposable {
  house: House;
  home: string;
  /** Lines of its log. */
  log: string[];
  /** A running sandbox at an address; its tokens. */
  add(name: `${string}/${string}`, address: string, more?: Partial<SandboxRecord>): Promise<NewTokens>;
  /** Puts events into a sandbox's session, as lines. */
  write(name: `${string}/${string}`, text: string): Promise<void>;
}

export async function createFakeHouse(): Promise<FakeHouse> {
  const home = await mkdtemp(join(tmpdir(), 'cspace-house-'));
  const paths = getPaths(home);
  const owner = getOwner({});
  const registry = await openFileRegistry(paths, owner);
  const tokens = openTokenStore(paths, owner);
  const log: string[] = [];
  const note = (...all: unknown[]) => void log.push(JSON.stringify(all));
  // Networks, images and machines: whoever asks for one here asks for what the service may not do.
  const house = { paths, owner, registry, tokens, log: { info: note, error: note } } as unknown as House;
  return {
    house,
    home,
    log,
    async add(name, address, more = {}) {
      const ref = getRef(name);
      await registry.put({ ...getRecord(name, address), ...more });
      await mkdir(paths.machine(ref), { recursive: true });
      await mkdir(paths.session(ref), { recursive: true });
      return tokens.create(ref);
    },
    async write(name, text) {
      const path = paths.events(getRef(name));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text, { flag: 'a' });
    },
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

const getRef = (name: string) => {
  const [project = '', sandbox = ''] = name.split('/');
  return { project, sandbox };
};

export function getRecord(name: string, address: string | null): SandboxRecord {
  const ref = getRef(name);
  return {
    v: 1,
    ...ref,
    repository: `/src/${ref.project}`,
    branch: `cspace/${ref.sandbox}`,
    state: 'running',
    fresh: false,
    address,
    substrate: 'podman',
    limits: { cpus: 1, memoryMiB: 512, pids: 100 },
    network: 'nat',
    volumes: [],
    model: null,
    practice: true,
    session: 'a-session',
    createdAt: '2026-01-01T00:00:00.000Z',
  };
}

export interface HttpServer extends AsyncDisposable, Listener {
  port: number;
  /** Requests that were begun and not ended. */
  open: number;
}

export interface ServeOptions {
  audience: Audience;
  /** A free one by default. */
  port?: number;
  limits?: Partial<HttpLimits>;
  practiceModel?: (request: Request) => Promise<Response>;
  signal?: AbortSignal;
}

/** The daemon's HTTP service at a free port of 127.0.0.1, for either audience. */
export async function serveHttp(house: House, options: ServeOptions): Promise<HttpServer> {
  const port = options.port ?? getFreePort();
  const server = { port, open: 0 };
  const service = createHttpService({
    house,
    port,
    practiceModel: options.practiceModel ?? (async (request) => Response.json(await request.json())),
    requests: createOpenRequests(() => {
      server.open += 1;
      return () => {
        server.open -= 1;
      };
    }),
    signal: options.signal ?? new AbortController().signal,
    limits: { ...HTTP_LIMITS, ...options.limits },
  });
  const listener = await service.listen({ address: '127.0.0.1', audience: options.audience });
  return Object.assign(server, { ...listener, [Symbol.asyncDispose]: () => listener.close() });
}

function getFreePort(): number {
  const probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
}

export interface FakeSupervisor extends AsyncDisposable {
  /** Texts that were sent, in their order. */
  sent: string[];
  /** Their ids. */
  ids: string[];
}

/** A supervisor at an address of loopback: accepts every turn. */
export function startFakeSupervisor(address: string, token: string): FakeSupervisor {
  const sent: string[] = [];
  const ids: string[] = [];
  const server = Bun.serve({
    hostname: address,
    port: 6201,
    async fetch(request) {
      if (request.headers.get('authorization') !== `Bearer ${token}`)
        return new Response('', { status: 401 });
      if (request.method === 'GET') return Response.json(HEALTH);
      const { id, text } = (await request.json()) as { id?: string; text: string };
      ids.push(id ?? crypto.randomUUID());
      sent.push(text);
      return Response.json({ id: ids.at(-1) }, { status: 202 });
    },
  });
  return { sent, ids, [Symbol.asyncDispose]: () => server.stop(true) };
}

const HEALTH = {
  ok: true,
  version: VERSION,
  protocol: PROTOCOL,
  state: 'idle',
  session: 'a-session',
  turn: null,
  queued: 0,
};
